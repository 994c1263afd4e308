using PreDump.Core.Reading;
using PreDump.Linux;

namespace PreDump.Core.Comparing;

/// <summary>The memory of a stopped task.</summary>
public sealed class StoppedMemory : IDisposable
{
    private readonly TreeTask _task;
    private MapsArena? _arena;
    private Range _maps;

    private StoppedMemory(TreeTask task) => _task = task;

    /// <summary>Reads its pages.</summary>
    public TaskMemory Memory { get; private set; } = null!;

    /// <summary>Opens it.</summary>
    /// <exception cref="TaskGoneException">The task has ended.</exception>
    /// <exception cref="LinuxException">It can't be opened.</exception>
    public static StoppedMemory Open(TreeTask task)
    {
        var stopped = new StoppedMemory(task);
        stopped.Memory = TaskMemory.Open(task, stopped.Maps, CancellationToken.None);
        return stopped;
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
        Memory.Dispose();
        _arena?.Dispose();
    }
}
