using PreDump.Linux;

namespace PreDump.Core.Reading;

/// <summary>The memory of a task, and what it takes to read it. Several threads may read at a time.</summary>
public sealed class TaskMemory : IDisposable
{
    private TaskMemory(RemoteMemory pages, ProcPagemap pagemap, RoomToSwapIn roomToSwapIn) =>
        (Pages, Pagemap, RoomToSwapIn) = (pages, pagemap, roomToSwapIn);

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
            return new TaskMemory(pages, ProcPagemap.Open(task.LiveTid), new RoomToSwapIn(task, pages, maps, stopping));
        }
        catch
        {
            pages.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Pages.Dispose();
        Pagemap.Dispose();
    }
}
