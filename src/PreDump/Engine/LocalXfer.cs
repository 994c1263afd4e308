using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Engine;

/// <summary>Writes pagemap-PID.img and pages-N.img.</summary>
internal sealed class LocalXfer(ImagesDirectory directory) : IPageXfer, IDisposable
{
    private readonly PagemapEncoder _encoder = new();
    private readonly byte[] _buffer = new byte[32 * 1024];
    private Fd? _pagemap;
    private PagesFile? _pages;
    private uint _pagesId;
    private int _buffered;
    private PageRun _pending;

    /// <inheritdoc/>
    public void OpenTask(int imagePid)
    {
        _pagesId++;
        _pagemap = directory.Create(ImageNames.Pagemap(imagePid));
        _pages = new PagesFile(directory.Create(ImageNames.Pages(_pagesId)));
        _buffered = _encoder.WriteHead(_buffer, _pagesId);
    }

    /// <inheritdoc/>
    public PagesPlace Place(ReadOnlySpan<PageRun> runs, ReadOnlySpan<byte> pages)
    {
        foreach (var run in runs)
        {
            if (run.InParent == _pending.InParent && run.Range.Start == _pending.Range.End && _pending.Range.Length > 0)
            {
                _pending = _pending with { Range = new MemoryRange(_pending.Range.Start, _pending.Range.Length + run.Range.Length) };
                continue;
            }
            WritePending();
            _pending = run;
        }
        return _pages!.Place(pages.Length);
    }

    /// <inheritdoc/>
    public void Write(PagesPlace place, ReadOnlySpan<byte> pages) => place.File?.Write(place.Offset, pages);

    /// <inheritdoc/>
    public void CloseTask()
    {
        WritePending();
        Flush();
        _pagemap!.Close();
        _pages!.Leave();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pagemap?.Dispose();
        _pages?.Dispose();
    }

    private void WritePending()
    {
        if (_pending.Range.Length == 0)
            return;
        if (_buffer.Length - _buffered < PagemapEncoder.MaxEntryBytes)
            Flush();
        var entry = new PagemapEntry(_pending.Range.Start, _pending.Pages, _pending.InParent ? PageFlags.Parent : PageFlags.Present);
        _buffered += _encoder.WriteEntry(_buffer.AsSpan(_buffered), entry);
        _pending = default;
    }

    private void Flush()
    {
        _pagemap!.Write(_buffer.AsSpan(0, _buffered));
        _buffered = 0;
    }
}
