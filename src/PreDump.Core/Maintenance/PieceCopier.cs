using PreDump.Core.Sinks;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Maintenance;

/// <summary>Appends pieces of the pages files of a chain to a new pages file. Pieces that follow one another in the same file are
/// joined. Long ones are copied by the kernel, which shares their blocks if the file system can; short ones are read into a
/// buffer, which is written at once, because a call for each would cost more than the bytes, and a block shared for each would
/// leave a file in fragments. Holes stay holes.</summary>
/// <param name="to">The new pages file.</param>
/// <param name="file">Its descriptor; owned by the pages file.</param>
/// <param name="buffers">The memory to use.</param>
internal sealed class PieceCopier(PagesFile to, Fd file, PieceBuffers buffers) : IDisposable
{
    private const ulong MinCopied = 64 * 1024; // bytes; also the shortest hole that the new file gets from zeros
    private const ulong MaxCopied = 64 * 1024 * 1024; // bytes at once, so that a signal is heard soon

    private readonly Dictionary<ChainedPages, Source> _sources = [];
    private ChainedPages? _round; // of the piece that may still be joined by others
    private ulong _offset, _length; // of that piece, in bytes
    private int _gathered; // bytes

    private sealed record Source(Fd File, FileCopy Copy);

    /// <summary>Appends a piece.</summary>
    /// <param name="round">The round that has it.</param>
    /// <param name="offset">Its offset in that round's pages file, in bytes.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <exception cref="ImageException">A pages file can't be read, or is too short.</exception>
    /// <exception cref="LinuxException">The new file can't be written.</exception>
    public void Append(ChainedPages round, ulong offset, ulong length)
    {
        if (round != _round || offset != _offset + _length || _length >= MaxCopied)
        {
            EndPiece();
            (_round, _offset) = (round, offset);
        }
        _length += length;
    }

    /// <summary>Writes what is still in memory.</summary>
    public void End()
    {
        EndPiece();
        WriteGathered();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var source in _sources.Values)
            source.File.Dispose();
    }

    private void EndPiece()
    {
        if (_round is null || _length == 0)
            return;
        if (!_sources.TryGetValue(_round, out var source))
            _sources.Add(_round, source = Open(_round));
        if (_length >= MinCopied)
        {
            WriteGathered();
            to.Write(to.Reserve(_length), source.Copy, _offset, _length);
        }
        else
            Gather(source.File);
        _length = 0;
    }

    private Source Open(ChainedPages round)
    {
        var pages = round.Directory.OpenImage(round.PagesName);
        return new Source(pages, new FileCopy(pages, file, () => buffers.ForCopies));
    }

    private void Gather(Fd from)
    {
        if (buffers.Gathered.Length - _gathered < (int)_length)
            WriteGathered();
        var room = buffers.Gathered.AsSpan(_gathered, (int)_length);
        for (int done = 0, got; done < room.Length; done += got)
        {
            got = from.TryReadAt(room[done..], _offset + (ulong)done);
            if (got <= 0)
                throw new ImageException(from.Path, got < 0
                    ? $"can't be read at offset {_offset}"
                    : "ends before the pages that its pagemap lists");
        }
        _gathered += room.Length;
    }

    private void WriteGathered()
    {
        if (_gathered > 0)
            to.Write(to.Reserve((ulong)_gathered), buffers.Gathered.AsSpan(0, _gathered));
        _gathered = 0;
    }
}

/// <summary>The memory that <see cref="PieceCopier"/> uses, for one file after another.</summary>
internal sealed class PieceBuffers
{
    private byte[]? _forCopies;

    /// <summary>For short pieces.</summary>
    public byte[] Gathered { get; } = new byte[1024 * 1024];

    /// <summary>For what the kernel can't copy by itself.</summary>
    public byte[] ForCopies => _forCopies ??= new byte[FileCopy.BufferBytes];
}
