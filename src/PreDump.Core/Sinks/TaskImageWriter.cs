using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Sinks;

/// <summary>Writes the two images of a task, pagemap-PID.img and pages-N.img, one task after the other: those of a round, those
/// that a page server receives, and those of a final dump that are mended. For one thread at a time; the pages may be written by
/// others.</summary>
public sealed class TaskImageWriter : IDisposable
{
    private readonly PagemapFile _pagemap = new();
    private PagesFile? _pages;

    /// <summary>Begins a task.</summary>
    /// <param name="pagemap">New and empty; owned afterwards.</param>
    /// <param name="pages">The same: in it the bytes are reserved and written.</param>
    /// <param name="pagesId">n of pages-n.img.</param>
    public void Begin(Fd pagemap, PagesFile pages, uint pagesId)
    {
        _pagemap.Begin(pagemap, pagesId);
        _pages = pages;
    }

    /// <summary>Adds an entry to the pagemap, above those before.</summary>
    public void Add(PagemapEntry entry) => _pagemap.Add(entry);

    /// <summary>Ends the task: its pagemap is whole, its pages are when all that was reserved is written.</summary>
    public void End()
    {
        _pagemap.End();
        _pages!.End();
        _pages = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pagemap.Dispose();
        _pages?.Dispose();
    }
}
