using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Sinks;

/// <summary>Writes pagemap images, one after another, and merges adjacent entries of the same kind. Not thread-safe.</summary>
public sealed class PagemapFile : IDisposable
{
    private readonly PagemapEncoder _encoder = new();
    private readonly byte[] _buffer = new byte[32 * 1024];
    private Fd? _file;
    private int _buffered;
    private PagemapEntry _pending;

    /// <summary>Begins an image.</summary>
    /// <param name="file">A new and empty file; owned by this object.</param>
    /// <param name="pagesId">N of the pages-N.img that it describes.</param>
    public void Begin(Fd file, uint pagesId)
    {
        _file = file;
        _buffered = _encoder.WriteHead(_buffer, pagesId);
    }

    /// <summary>Adds an entry, in ascending order.</summary>
    /// <exception cref="LinuxException">The file can't be written.</exception>
    public void Add(PagemapEntry entry)
    {
        while (entry.NrPages > PagemapEntry.MaxPages)
        {
            AddPart(entry with { NrPages = PagemapEntry.MaxPages });
            entry = entry with
            {
                Vaddr = entry.Vaddr + PageSize.BytesOf(PagemapEntry.MaxPages),
                NrPages = entry.NrPages - PagemapEntry.MaxPages,
            };
        }
        AddPart(entry);
    }

    /// <summary>Writes the remaining entries and closes the image.</summary>
    /// <exception cref="LinuxException">The file can't be written.</exception>
    public void End()
    {
        WritePending();
        Flush();
        _file!.Close();
        _file = null;
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private void AddPart(PagemapEntry entry)
    {
        if (PagemapEntry.TryJoin(ref _pending, entry))
            return;
        WritePending();
        _pending = entry;
    }

    private void WritePending()
    {
        if (_pending.NrPages == 0)
            return;
        if (_buffer.Length - _buffered < PagemapEncoder.MaxEntryBytes)
            Flush();
        _buffered += _encoder.WriteEntry(_buffer.AsSpan(_buffered), _pending);
        _pending = default;
    }

    private void Flush()
    {
        _file!.Write(_buffer.AsSpan(0, _buffered));
        _buffered = 0;
    }
}
