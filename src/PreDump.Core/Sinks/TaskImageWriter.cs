using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Sinks;

/// <summary>Writes the two images of a task, pagemap-PID.img and pages-N.img, one task after the other: those of a round, and those that a page
/// server receives.</summary>
public sealed class TaskImageWriter : IDisposable
{
    private readonly PagemapFile _pagemap = new();
    private PagesFile? _pages;

    /// <summary>Begins a task.</summary>
    /// <param name="pagemap">New and empty; owned from here on.</param>
    /// <param name="pages">The same.</param>
    /// <param name="pagesId">n of pages-n.img.</param>
    /// <param name="direct">Writes pages past the page cache; null: through it.</param>
    /// <returns>Where the bytes are reserved and written.</returns>
    public PagesFile Begin(Fd pagemap, Fd pages, uint pagesId, DirectIo? direct = null)
    {
        _pagemap.Begin(pagemap, pagesId);
        return _pages = new PagesFile(pages, direct);
    }

    /// <summary>Adds an entry to the pagemap, behind those before.</summary>
    public void Add(PagemapEntry entry) => _pagemap.Add(entry);

    /// <summary>Ends the task: its pagemap is whole, its pages are when all that was reserved is written.</summary>
    public void End()
    {
        _pagemap.End();
        _pages!.Leave();
        _pages = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pagemap.Dispose();
        _pages?.Dispose();
    }
}
