using System.Runtime.InteropServices;
using PreDump.Linux;
using static PreDump.Images.FrameLedgerFormat;

namespace PreDump.Images;

/// <summary>The head of a run of consecutive pages in a frame ledger.</summary>
/// <param name="Start">The first page's address.</param>
/// <param name="Pages">The number of pages.</param>
/// <param name="IsAscending">Whether the pages are in consecutive frames; otherwise a word for each page follows.</param>
/// <param name="FirstFrame">The first page's frame, if they are.</param>
internal readonly record struct LedgerRun(ulong Start, ulong Pages, bool IsAscending, ulong FirstFrame)
{
    /// <summary>The first address after the run.</summary>
    public ulong End => Start + PageSize.BytesOf(Pages);
}

/// <summary>Reads the words of a frame ledger as a stream and validates them. An error while reading counts as the end of the
/// file.</summary>
/// <param name="file">The ledger; closed with this object.</param>
internal sealed class LedgerWords(Fd file) : IDisposable
{
    private const ulong UserSpace = 1UL << 63;

    private readonly ulong[] _buffer = new ulong[4096];
    private ulong _bufferAt; // the file offset of the buffer's first word, in bytes
    private int _count, _next; // words in the buffer

    /// <summary>The next word's offset in the file, in bytes.</summary>
    public ulong Offset => _bufferAt + ((ulong)_next * sizeof(ulong));

    /// <summary>The checksum of all words read so far, provided that <see cref="Seek"/> was not called.</summary>
    public ulong Sum { get; private set; }

    /// <summary>Whether the last call of <see cref="TryReadRun"/> found the end of the task's section.</summary>
    public bool IsAtTaskEnd { get; private set; }

    /// <summary>Whether the whole file has been read.</summary>
    public bool IsAtEnd
    {
        get
        {
            byte one = 0;
            return _next == _count && file.TryReadAt(MemoryMarshal.CreateSpan(ref one, 1), Offset) == 0;
        }
    }

    /// <summary>Whether that end marks the section as void.</summary>
    public bool IsVoid { get; private set; }

    /// <summary>Continues at a file offset in bytes.</summary>
    public void Seek(ulong offset)
    {
        if (offset >= _bufferAt && offset <= _bufferAt + ((ulong)_count * sizeof(ulong)))
            _next = (int)((offset - _bufferAt) / sizeof(ulong));
        else
            (_bufferAt, _count, _next) = (offset, 0, 0);
        IsAtTaskEnd = false;
    }

    /// <summary>Fills a span with words; false if the file ends before.</summary>
    public bool TryRead(Span<ulong> to)
    {
        while (!to.IsEmpty)
        {
            var some = Next((ulong)to.Length);
            if (some.IsEmpty)
                return false;
            some.CopyTo(to);
            to = to[some.Length..];
        }
        return true;
    }

    /// <summary>Skips a number of words; false if the file ends before.</summary>
    public bool TrySkip(ulong words)
    {
        while (words > 0)
        {
            var some = Next(words);
            if (some.IsEmpty)
                return false;
            words -= (ulong)some.Length;
        }
        return true;
    }

    /// <summary>Reads the head of a task's next run; false at the section's end (<see cref="IsAtTaskEnd"/>) and if it is
    /// malformed.</summary>
    /// <param name="run">The previous run, or default; updated.</param>
    public bool TryReadRun(ref LedgerRun run)
    {
        Span<ulong> words = stackalloc ulong[2];
        if (!TryRead(words[..1]))
            return false;
        IsVoid = words[0] == VoidEnd;
        if (IsAtTaskEnd = words[0] == End || IsVoid)
            return false;
        ulong start = words[0] & ~Ascending, page = PageSize.Step;
        bool ascending = start != words[0];
        if (!TryRead(words[1..]) || words[1] == 0)
            return false;
        if (start % page != 0 || start < run.End || start > UserSpace || words[1] > (UserSpace - start) / page)
            return false;
        ulong pages = words[1];
        if (ascending && !TryRead(words[..1]))
            return false;
        run = new LedgerRun(start, pages, ascending, ascending ? words[0] : 0);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private ReadOnlySpan<ulong> Next(ulong most)
    {
        if (_next == _count)
        {
            _bufferAt = Offset;
            int bytes = file.TryReadAt(MemoryMarshal.AsBytes(_buffer.AsSpan()), _bufferAt);
            (_count, _next) = (Math.Max(bytes, 0) / sizeof(ulong), 0);
        }
        var words = _buffer.AsSpan(_next, (int)Math.Min((ulong)(_count - _next), most));
        _next += words.Length;
        Sum = Checksum(Sum, words);
        return words;
    }
}
