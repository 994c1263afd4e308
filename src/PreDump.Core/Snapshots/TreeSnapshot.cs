using System.Diagnostics;
using PreDump.Core.Parents;
using PreDump.Core.Select;
using PreDump.Linux;

namespace PreDump.Core.Snapshots;

/// <summary>One task as it was in the freeze.</summary>
/// <param name="Task">Its pids.</param>
/// <param name="Maps">Where its maps lie in <see cref="TreeSnapshot.Maps"/>.</param>
/// <param name="Dirty">Where its dirty pages lie in <see cref="TreeSnapshot.Dirty"/>; null in a first round: all are to be
/// copied.</param>
/// <param name="DirtyTables">Where its page tables with dirty pages lie in <see cref="TreeSnapshot.DirtyTables"/>.</param>
public readonly record struct TaskSnapshot(TreeTask Task, Range Maps, Range? Dirty, Range DirtyTables);

/// <summary>All that is taken of a tree while it is frozen: raw maps, and from the second round on the dirty pages. Dirty
/// tracking is reset in the same freeze, so a page written later is dirty for the next round, and one written earlier is seen by
/// our copy.</summary>
public sealed class TreeSnapshot : IDisposable
{
    private readonly List<TaskSnapshot> _tasks = [];
    private readonly HashSet<int> _pids = [];
    private readonly VmaWindow _window = new();
    private readonly VmaRules _rules = new();

    // Bytes, made before the freeze; more is made where a tree needs it.
    private const ulong Room = 1024 * 1024, RoomForTables = 64 * 1024;

    private TreeSnapshot(bool dirtyPages) => (Maps, Dirty) = (new MapsArena(Room), new DirtyPages(dirtyPages ? Room : 0));

    /// <summary>The tasks that have memory, parents first.</summary>
    public IReadOnlyList<TaskSnapshot> Tasks => _tasks;

    /// <summary>Processes, zombies included.</summary>
    public int ProcessCount { get; private set; }

    /// <summary>Threads of all processes.</summary>
    public int ThreadCount { get; private set; }

    /// <summary>The raw maps of all tasks.</summary>
    public MapsArena Maps { get; }

    /// <summary>The dirty pages of all tasks.</summary>
    public DirtyPages Dirty { get; }

    /// <summary>The page tables of all tasks that had dirty pages, if the parent has a frame ledger.</summary>
    public DirtyTables DirtyTables { get; } = new(RoomForTables);

    /// <summary>Microseconds since boot, sampled in the freeze: CRIU's dump_uptime.</summary>
    public ulong Uptime { get; private set; }

    /// <summary>From the first interrupt until the last thread had stopped.</summary>
    public TimeSpan Freezing { get; private set; }

    /// <summary>From then until the last thread was let go.</summary>
    public TimeSpan Frozen { get; private set; }

    /// <summary>Bytes of managed memory that were allocated in the freeze, each of which could have started a garbage collection.
    /// Only tasks and threads that are born just then should need some.</summary>
    public long AllocatedInFreeze { get; private set; }

    /// <summary>Freezes the tree, takes the snapshot, thaws the tree.</summary>
    /// <param name="request">The tree, and how to freeze it.</param>
    /// <param name="resetDirty">Whether the kernel tracks dirty pages.</param>
    /// <param name="parent">The round before, which knows the tasks whose dirty pages are wanted; null in a first round.</param>
    /// <param name="cancel">Ends the freezing early.</param>
    public static TreeSnapshot Take(FreezeRequest request, bool resetDirty, ParentRound? parent, CancellationToken cancel)
    {
        var snapshot = new TreeSnapshot(dirtyPages: request.Files.HasFlag(FreezeFiles.Pagemap));
        try
        {
            var prepared = request with { Prepare = snapshot.Prepare };
            FreezeThread.Run(() => snapshot.TakeOnThisThread(prepared, resetDirty, parent, cancel));
            return snapshot;
        }
        catch
        {
            snapshot.Dispose();
            throw;
        }
    }

    /// <summary>Takes out the tasks whose changed pages can't be found, because they may have been merged (<see cref="Ksm"/>).
    /// The final dump copies everything of a task that its parent does not hold.</summary>
    /// <returns>The tasks that are left out.</returns>
    public IReadOnlyList<TreeTask> LeaveOutMergeable()
    {
        var mergeable = _tasks.FindAll(task => Ksm.MayMerge(task.Task.LiveTid));
        _tasks.RemoveAll(mergeable.Contains);
        return mergeable.ConvertAll(task => task.Task);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Maps.Dispose();
        Dirty.Dispose();
        DirtyTables.Dispose();
    }

    private bool TakeOnThisThread(FreezeRequest request, bool resetDirty, ParentRound? parent, CancellationToken cancel)
    {
        using var tree = FrozenTree.Freeze(request, cancel);
        var tasks = tree.Tasks;
        RefuseEqualPids(tasks);
        for (int i = 0; i < tasks.Count; i++)
        {
            cancel.ThrowIfCancellationRequested(); // the round is lost then, but the tree need not wait for the rest
            tasks[i].BeginTurn(request.Files);
            TakeTask(tasks[i], resetDirty, parent);
            tasks[i].EndTurn();
        }
        Uptime = ProcFs.UptimeMicroseconds();
        long thawed = tree.Thaw();

        AllocatedInFreeze = GC.GetAllocatedBytesForCurrentThread() - AllocatedInFreeze;
        Freezing = Stopwatch.GetElapsedTime(tree.InterruptedAt, tree.StoppedAt);
        Frozen = Stopwatch.GetElapsedTime(tree.StoppedAt, thawed);
        ProcessCount = tasks.Count;
        ThreadCount = tasks.Sum(task => task.ThreadCount);
        return true;
    }

    // The last thing before the first thread is interrupted.
    private void Prepare(IReadOnlyList<TreeTask> tasks)
    {
        _tasks.EnsureCapacity(tasks.Count);
        _pids.EnsureCapacity(tasks.Count);
        AllocatedInFreeze = GC.GetAllocatedBytesForCurrentThread();
    }

    // Two nested pid namespaces may each have a pid 1; CRIU names images by that pid alone. Refused before dirty tracking is
    // reset, so that the parent can still be built upon.
    private void RefuseEqualPids(IReadOnlyList<TreeTask> tasks)
    {
        for (int i = 0; i < tasks.Count; i++)
        {
            if (tasks[i].LiveTid != 0 && !_pids.Add(tasks[i].ImagePid))
                throw EqualPids(tasks, tasks[i].ImagePid);
        }
    }

    private static PreDumpException EqualPids(IReadOnlyList<TreeTask> tasks, int pid) =>
        new($"tasks {string.Join(" and ", tasks.Where(task => task.LiveTid != 0 && task.ImagePid == pid))} all have pid {pid} in their "
            + "pid namespaces, and CRIU names images by that pid: pre-dump each namespace's tree by itself");

    private void TakeTask(TreeTask task, bool resetDirty, ParentRound? parent)
    {
        if (task.Maps is null) // a zombie, or gone while it was being frozen
            return;
        var maps = Maps.Read(task.Maps);
        Range? dirty = null;
        var tables = default(Range);
        if (task.Pagemap is { } pagemap && parent?.Has(task) == true)
        {
            _rules.Begin(task.LiveTid);
            var pages = Dirty.Read(pagemap, Maps[maps], _rules, _window);
            if (parent.Check?.HasLedger == true)
                tables = DirtyTables.Read(pagemap, Dirty[pages]);
            dirty = pages;
        }
        if (resetDirty && task.ClearRefs is { } clearRefs)
        {
            parent?.TrackingIsReset();
            SoftDirty.Reset(clearRefs);
        }
        _tasks.Add(new TaskSnapshot(task, maps, dirty, tables));
    }
}
