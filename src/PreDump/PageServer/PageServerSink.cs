using PreDump.Engine;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.PageServer;

/// <summary>Sends pagemaps and pages to a page server, from the batch they were read into.</summary>
internal sealed class PageServerSink(PageServerClient server) : IPageSink
{
    private readonly List<(PageFlags, ulong, ulong)> _runs = [];

    /// <inheritdoc/>
    public void OpenTask(int imagePid) => server.Open(new PagesId(PagesId.Task, (ulong)imagePid));

    /// <summary>Sends them: on a connection everything has its turn.</summary>
    public SinkSlot Place(ReadOnlySpan<PageRun> runs, ReadOnlySpan<byte> pages)
    {
        _runs.Clear();
        foreach (var run in runs)
        {
            var (flags, start) = (run.InParent ? PageFlags.Parent : PageFlags.Present, run.Range.Start);
            if (_runs.Count > 0 && _runs[^1] is var (lastFlags, lastStart, lastPages) && lastFlags == flags
                && lastStart + lastPages * (ulong)PageSize.Bytes == start && lastPages + run.Pages <= int.MaxValue)
                _runs[^1] = (flags, lastStart, lastPages + run.Pages);
            else
                _runs.Add((flags, start, run.Pages));
        }
        server.Add(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_runs), pages, PageSize.Bytes);
        return default;
    }

    /// <inheritdoc/>
    public void Write(SinkSlot place, ReadOnlySpan<byte> pages)
    {
    }

    /// <inheritdoc/>
    public void CloseTask()
    {
    }
}
