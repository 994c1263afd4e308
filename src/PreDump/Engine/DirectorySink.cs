using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Engine;

/// <summary>Writes pagemap-PID.img and pages-N.img.</summary>
/// <param name="directory">Where they are made.</param>
/// <param name="direct">Writes pages past the page cache; null: through it.</param>
internal sealed class DirectorySink(RoundDirectory directory, DirectIo? direct = null) : IPageSink, IDisposable
{
    private readonly PagemapFile _pagemap = new();
    private PagesFile? _pages;
    private uint _pagesId;

    /// <inheritdoc/>
    public void OpenTask(int imagePid)
    {
        _pagesId++;
        _pagemap.Begin(directory.Create(ImageNames.Pagemap(imagePid)), _pagesId);
        var pages = directory.Create(ImageNames.Pages(_pagesId));
        direct?.Begin(pages);
        _pages = new PagesFile(pages, direct);
    }

    /// <inheritdoc/>
    public SinkSlot Place(ReadOnlySpan<PageRun> runs, ReadOnlySpan<byte> pages)
    {
        foreach (var run in runs)
            _pagemap.Add(new PagemapEntry(run.Range.Start, run.Pages, run.InParent ? PageFlags.Parent : PageFlags.Present));
        return _pages!.Place(pages.Length);
    }

    /// <inheritdoc/>
    public void Write(SinkSlot place, ReadOnlySpan<byte> pages) => place.File?.Write(place.Offset, pages);

    /// <inheritdoc/>
    public void CloseTask()
    {
        _pagemap.End();
        _pages!.Leave();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pagemap.Dispose();
        _pages?.Dispose();
    }
}
