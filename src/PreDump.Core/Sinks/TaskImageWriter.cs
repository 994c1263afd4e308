using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Sinks;

/// <summary>Writes the two images of each task, pagemap-PID.img and pages-N.img, one task after another: in a round, in a page
/// server, and when a final dump is mended. Not thread-safe, but other threads may write pages to the
/// <see cref="PagesFile"/>.</summary>
public sealed class TaskImageWriter : IDisposable
{
    private readonly PagemapFile _pagemap = new();
    private PagesFile? _pages;

    /// <summary>Begins a task.</summary>
    /// <param name="pagemap">A new and empty pagemap file; owned by this object.</param>
    /// <param name="pages">The pages file, in which the caller reserves and writes slots; owned by this object.</param>
    /// <param name="pagesId">N of pages-N.img.</param>
    public void Begin(Fd pagemap, PagesFile pages, uint pagesId)
    {
        _pagemap.Begin(pagemap, pagesId);
        _pages = pages;
    }

    /// <summary>Adds an entry to the pagemap, in ascending order.</summary>
    /// <exception cref="LinuxException">The pagemap can't be written.</exception>
    public void Add(PagemapEntry entry) => _pagemap.Add(entry);

    /// <summary>Ends the task. Its pagemap is complete now; its pages file is when all slots are written.</summary>
    /// <exception cref="LinuxException">The images can't be written.</exception>
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
