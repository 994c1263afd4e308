using PreDump.Core;
using PreDump.Core.Reading;
using PreDump.Images;
using PreDump.Linux;
using PreDump.PageServer.Protocol;

namespace PreDump.PageServer.Serving;

/// <summary>Compares the pages of a session with its parent's chain: those with the same bytes are left to the parent. Used by
/// the session's thread alone.</summary>
/// <param name="observer">Notified of a chain that can't be read; pages are stored then.</param>
internal sealed class ComparedImages(IObserver observer) : IDisposable
{
    private const int BatchBytes = 1024 * 1024; // as many as the inbox gives at most

    private readonly UnchangedPages _unchanged = new(BatchBytes);
    private readonly List<PageRun> _runs = [];
    private ImageChain? _chain;
    private ParentPages? _pages;

    /// <summary>Begins with an id.</summary>
    /// <param name="id">The id.</param>
    /// <param name="parent">The parent that has it, the same for all ids; the caller's.</param>
    /// <exception cref="ImageException">The chain is broken.</exception>
    public void Begin(PagesId id, ImageDirectory parent)
    {
        End();
        var chain = _chain ??= ImageChain.Open(parent.Reopen());
        _pages = new ParentPages(
            id.FileName, () => ChainedPages.TryOpen(chain, id.FileName, PageSize.Bytes), Payoff.Always, observer);
    }

    /// <summary>Ends the id; pages are not compared until the next one begins.</summary>
    public void End()
    {
        _pages?.Dispose();
        _pages = null;
    }

    /// <summary>Writes pages into images: those that the parent has as entries alone.</summary>
    /// <param name="vaddr">The first one's address, above all those before.</param>
    /// <param name="flags">The flags of those that are written.</param>
    /// <param name="pages">Their bytes; changed.</param>
    /// <param name="images">Takes them.</param>
    /// <returns>The number of pages that are left to the parent.</returns>
    public ulong Write(ulong vaddr, PageFlags flags, Span<byte> pages, IReceivedImages images)
    {
        var range = new MemoryRange(vaddr, (ulong)pages.Length);
        pages = _unchanged.Separate(_pages, range, _runs, pages);
        ulong inParent = 0;
        foreach (var run in _runs)
        {
            images.Add(new PagemapEntry(run.Range.Start, run.Pages, run.InParent ? PageFlags.Parent : flags));
            int bytes = run.InParent ? 0 : (int)run.Range.Length;
            images.Write(pages[..bytes]);
            pages = pages[bytes..];
            inParent += run.InParent ? run.Pages : 0;
        }
        return inParent;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        End();
        _chain?.Dispose();
    }
}
