using PreDump.Core.Reading;
using PreDump.Linux;

namespace PreDump.Core.Comparing;

/// <summary>The memory of a task that somebody has stopped, with what it takes to read it.</summary>
public sealed class StoppedMemory : IDisposable
{
    private readonly TreeTask _task;
    private MapsArena? _arena;
    private Range _maps;

    private StoppedMemory(TreeTask task, RemoteMemory pages, ProcPagemap pagemap)
    {
        (_task, Pages, Pagemap) = (task, pages, pagemap);
        RoomToSwapIn = new RoomToSwapIn(task, pages, Maps, CancellationToken.None);
    }

    /// <summary>Reads its pages.</summary>
    public RemoteMemory Pages { get; }

    /// <summary>Its page tables.</summary>
    public ProcPagemap Pagemap { get; }

    /// <summary>Asked before pages are read from swap.</summary>
    public RoomToSwapIn RoomToSwapIn { get; }

    /// <exception cref="TaskGoneException">The task has ended.</exception>
    public static StoppedMemory Open(TreeTask task)
    {
        var pages = RemoteMemory.TryOpen(task) ?? throw new TaskGoneException(notPermitted: false);
        try
        {
            return new StoppedMemory(task, pages, ProcPagemap.Open(task.LiveTid));
        }
        catch
        {
            pages.Dispose();
            throw;
        }
    }

    /// <summary>Its maps, read when they are asked for first: many tasks are compared without.</summary>
    public MapsReader Maps()
    {
        if (_arena is null)
        {
            _arena = new MapsArena(0);
            _task.OpenFiles(FreezeFiles.None);
            _maps = _task.Maps is { } file ? _arena.Read(file) : default;
            _task.CloseFiles();
        }
        return new MapsReader(_arena[_maps]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Pages.Dispose();
        Pagemap.Dispose();
        _arena?.Dispose();
    }
}
