using System.Diagnostics;
using PreDump.Core.Parents;
using PreDump.Core.Tracking;
using PreDump.Linux;

namespace PreDump.Core.Snapshots;

/// <summary>One task as it was in the freeze.</summary>
/// <param name="Task">Its pids.</param>
/// <param name="Maps">Where its maps lie in <see cref="TreeSnapshot.Maps"/>.</param>
/// <param name="Changes">What has changed in it, in <see cref="TreeSnapshot.Changes"/>; null: all of it is to be copied, as in a first
/// round.</param>
public readonly record struct TaskSnapshot(TreeTask Task, Range Maps, TaskChanges? Changes);

/// <summary>All that is taken of a tree while it is frozen: raw maps, and from the second round on what has changed. Tracking is reset in
/// the same freeze, so a page written later has changed for the next round, and one written earlier is seen by our copy.</summary>
public sealed class TreeSnapshot : IDisposable
{
    private readonly List<TaskSnapshot> _tasks = [];
    private readonly HashSet<int> _pids = [];

    private const ulong Room = 1024 * 1024; // bytes, made before the freeze; more is made where a tree needs it

    private TreeSnapshot(bool withChanges) => Changes = new Changes(withChanges);

    /// <summary>The tasks that have memory, parents first.</summary>
    public IReadOnlyList<TaskSnapshot> Tasks => _tasks;

    /// <summary>Processes, zombies included.</summary>
    public int ProcessCount { get; private set; }

    /// <summary>Threads of all processes.</summary>
    public int ThreadCount { get; private set; }

    /// <summary>The raw maps of all tasks.</summary>
    public MapsArena Maps { get; } = new(Room);

    /// <summary>What has changed in all tasks since the round before.</summary>
    public Changes Changes { get; }

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
    /// <param name="tracker">Reads what has changed, and starts anew.</param>
    /// <param name="parent">The round before, which knows of which tasks the changes are wanted; null in a first round.</param>
    /// <param name="cancel">Ends the freezing early.</param>
    public static TreeSnapshot Take(FreezeRequest request, IDirtyTracker tracker, ParentRound? parent, CancellationToken cancel)
    {
        var snapshot = new TreeSnapshot(withChanges: parent is not null);
        try
        {
            FreezeThread.Run(() => snapshot.TakeOnThisThread(request with { Prepare = snapshot.Prepare }, tracker, parent, cancel));
            return snapshot;
        }
        catch
        {
            snapshot.Dispose();
            throw;
        }
    }

    /// <summary>Takes those tasks out of which the tracker may miss changes. Of a task that its parent does not hold, the final dump copies
    /// everything.</summary>
    /// <returns>The tasks that are left out, and why.</returns>
    public IReadOnlyDictionary<TreeTask, string> LeaveOutMissed(IDirtyTracker tracker)
    {
        var missed = new Dictionary<TreeTask, string>();
        foreach (var task in _tasks)
            if (tracker.WhyMissed(task.Task) is { } why)
                missed.Add(task.Task, why);
        _tasks.RemoveAll(task => missed.ContainsKey(task.Task));
        return missed;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Maps.Dispose();
        Changes.Dispose();
    }

    private bool TakeOnThisThread(FreezeRequest request, IDirtyTracker tracker, ParentRound? parent, CancellationToken cancel)
    {
        using var tree = FrozenTree.Freeze(request, cancel);
        var tasks = tree.Tasks;
        RefuseEqualPids(tasks);
        for (int i = 0; i < tasks.Count; i++)
        {
            cancel.ThrowIfCancellationRequested(); // the round is lost then, but the tree need not wait for the rest
            tasks[i].BeginTurn(request.Files);
            TakeTask(tasks[i], tracker, parent);
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

    private void TakeTask(TreeTask task, IDirtyTracker tracker, ParentRound? parent)
    {
        if (task.Maps is null) // a zombie, or gone while it was being frozen
            return;
        var maps = Maps.Read(task.Maps);
        var changes = parent?.Has(task) == true ? tracker.Read(task, Maps[maps], Changes, withTables: parent.Check?.HasLedger == true) : null;
        if (tracker.Resets(task))
        {
            parent?.Claim.TrackingIsReset();
            tracker.Reset(task);
        }
        _tasks.Add(new TaskSnapshot(task, maps, changes));
    }
}
