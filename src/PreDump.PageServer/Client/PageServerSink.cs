using System.Runtime.InteropServices;
using PreDump.Core;
using PreDump.Core.Sinks;
using PreDump.Images;
using PreDump.Linux;
using PreDump.PageServer.Protocol;

namespace PreDump.PageServer.Client;

/// <summary>Sends pagemaps and pages to a page server, from the batch they were read into.</summary>
public sealed class PageServerSink(PageServerClient server) : IPageSink, ITaskSink
{
    private readonly List<PagemapEntry> _entries = []; // whose messages go with the bytes

    /// <summary>A connection carries one thing after another.</summary>
    public bool WritesInOrder => true;

    /// <inheritdoc/>
    public ITaskSink Begin(int imagePid) => Begin(PagesId.OfTask(imagePid));

    /// <inheritdoc/>
    public ITaskSink BeginSegment(ulong id) => Begin(new PagesId(PagesId.Shmem, id));

    /// <inheritdoc/>
    public ulong Reserve(ReadOnlySpan<PageRun> runs, int bytes)
    {
        _entries.Clear();
        foreach (var run in runs)
            RunMerger.Add(_entries, run.Entry);
        if (bytes == 0)
            Write(0, default);
        return 0;
    }

    /// <inheritdoc/>
    public void Write(ulong slot, ReadOnlySpan<byte> pages) =>
        server.Add(CollectionsMarshal.AsSpan(_entries), pages, PageSize.Bytes);

    /// <inheritdoc/>
    public void End()
    {
        // The server closes a task's images when the next one's begin.
    }

    private PageServerSink Begin(PagesId id)
    {
        server.Open(id);
        return this;
    }

    /// <summary>Returns when the server has said that everything is written.</summary>
    public void Complete() => server.Close();

    /// <summary>Nothing: the connection belongs to the caller.</summary>
    public void Dispose()
    {
    }
}
