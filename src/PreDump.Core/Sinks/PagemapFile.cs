using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Sinks;

/// <summary>Writes pagemap images, one after the other. Adjacent entries of one kind become one. For one
/// thread at a time.</summary>
public sealed class PagemapFile : IDisposable
{
    private readonly PagemapEncoder _encoder = new();
    private readonly byte[] _buffer = new byte[32 * 1024];
    private Fd? _file;
    private int _buffered;
    private PagemapEntry _pending;

    /// <summary>Begins an image.</summary>
    /// <param name="file">Empty; owned afterwards.</param>
    /// <param name="pagesId">n of the pages-n.img that it describes.</param>
    public void Begin(Fd file, uint pagesId)
    {
        _file = file;
        _buffered = _encoder.WriteHead(_buffer, pagesId);
    }

    /// <summary>Adds an entry, above those before.</summary>
    public void Add(PagemapEntry entry)
    {
        while (entry.NrPages > PagemapEntry.MostPages)
        {
            AddPart(entry with { NrPages = PagemapEntry.MostPages });
            entry = entry with
            {
                Vaddr = entry.Vaddr + PageSize.BytesOf(PagemapEntry.MostPages),
                NrPages = entry.NrPages - PagemapEntry.MostPages,
            };
        }
        AddPart(entry);
    }

    /// <summary>Writes what is left, and closes the image.</summary>
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
