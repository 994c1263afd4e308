using PreDump.Linux;

namespace PreDump.Core.Reading;

/// <summary>The memory of a task, and what it takes to read it. Several threads may read at a time.</summary>
public sealed class TaskMemory : IDisposable
{
    private readonly int _tid;

    private TaskMemory(int tid, RemoteMemory pages, ProcPagemap pagemap, RoomToSwapIn roomToSwapIn) =>
        (_tid, Pages, Pagemap, RoomToSwapIn) = (tid, pages, pagemap, roomToSwapIn);

    /// <summary>Reads its pages.</summary>
    public RemoteMemory Pages { get; }

    /// <summary>Its page tables.</summary>
    public ProcPagemap Pagemap { get; }

    /// <summary>Asked before pages are read from swap.</summary>
    public RoomToSwapIn RoomToSwapIn { get; }

    /// <summary>Opens a task's memory.</summary>
    /// <param name="task">The task.</param>
    /// <param name="maps">Gives its maps, if they are needed to make room for pages from swap.</param>
    /// <param name="stopping">Ends a wait for such room.</param>
    /// <exception cref="TaskGoneException">The task has ended.</exception>
    /// <exception cref="LinuxException">It can't be opened.</exception>
    public static TaskMemory Open(TreeTask task, Func<MapsReader> maps, CancellationToken stopping)
    {
        var pages = RemoteMemory.TryOpen(task) ?? throw new TaskGoneException(notPermitted: false);
        try
        {
            var pagemap = ProcPagemap.Open(task.LiveTid);
            return new TaskMemory(task.LiveTid, pages, pagemap, new RoomToSwapIn(task, pages, maps, stopping));
        }
        catch
        {
            pages.Dispose();
            throw;
        }
    }

    /// <summary>Whether the task still maps an address. After an exec its page tables, as they were opened, may show memory that
    /// only others still have.</summary>
    /// <param name="address">The address.</param>
    /// <param name="until">The first address above it for which the answer differs.</param>
    public bool IsMapped(ulong address, out ulong until) => PresentMaps.Has(_tid, address, out until);

    /// <inheritdoc/>
    public void Dispose()
    {
        Pages.Dispose();
        Pagemap.Dispose();
    }
}
