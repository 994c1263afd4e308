using System.Diagnostics;
using PreDump.Core.Parents;
using PreDump.Core.Tracking;
using PreDump.Linux;

namespace PreDump.Core.Snapshots;

/// <summary>The state of one task in the freeze.</summary>
/// <param name="Task">The task.</param>
/// <param name="Maps">The position of its maps in <see cref="TreeSnapshot.Maps"/>.</param>
/// <param name="Changes">The position of its changes in <see cref="TreeSnapshot.Changes"/>; null if everything must be copied, as
/// in a first round.</param>
public readonly record struct TaskSnapshot(TreeTask Task, Range Maps, TaskChanges? Changes);

/// <summary>What is read from a tree while it is frozen: the raw maps and, except in a first round, the changes. Tracking is
/// reset in the same freeze, or in a first round before it: a page written later is dirty in the next round, and one written
/// earlier is seen by this round's copy.</summary>
public sealed class TreeSnapshot : IDisposable
{
    private readonly List<TaskSnapshot> _tasks = [];
    private readonly HashSet<int> _pids = [];

    private const ulong MostMapsBytes = 1024 * 1024; // allocated before the freeze; grows in it if a tree needs more

    private MapsArena? _maps;

    private TreeSnapshot(bool withChanges, FreezeAttempts attempts) =>
        (Changes, Attempts) = (new Changes(withChanges), attempts);

    /// <summary>The tasks that have memory, parents before their children.</summary>
    public IReadOnlyList<TaskSnapshot> Tasks => _tasks;

    /// <summary>The estimated number of bytes to copy: the tasks' anonymous memory.</summary>
    public ulong ExpectedBytes => _tasks.Aggregate(0UL, (bytes, task) => bytes + task.Task.ExpectedBytes);

    /// <summary>The number of processes, including zombies.</summary>
    public int ProcessCount { get; private set; }

    /// <summary>The number of threads of all processes.</summary>
    public int ThreadCount { get; private set; }

    /// <summary>The raw maps of all tasks.</summary>
    public MapsArena Maps => _maps ?? throw new InvalidOperationException("nothing is prepared yet");

    /// <summary>The changes in all tasks since the previous round.</summary>
    public Changes Changes { get; }

    /// <summary>When the tree was frozen, in microseconds since boot: CRIU's dump_uptime.</summary>
    public ulong Uptime { get; private set; }

    /// <summary>The time from the first interrupt until the last thread stopped, including the time that the tree stood still in
    /// failed attempts.</summary>
    public TimeSpan Freezing { get; private set; }

    /// <summary>The attempts that it took to freeze the tree.</summary>
    public FreezeAttempts Attempts { get; }

    /// <summary>The time from then until the last thread was released.</summary>
    public TimeSpan Frozen { get; private set; }

    /// <summary>Bytes of managed memory allocated during the freeze, any of which could start a garbage collection. More than 0
    /// only if tasks or threads were created just then.</summary>
    public long AllocatedInFreeze { get; private set; }

    /// <summary>Freezes the tree, takes the snapshot, and thaws the tree.</summary>
    /// <param name="request">The tree, and how to freeze it.</param>
    /// <param name="tracker">Reads and resets the changes.</param>
    /// <param name="parent">The previous round, which decides for which tasks changes are read; null in a first round.</param>
    /// <param name="cancel">Ends the freeze early.</param>
    /// <exception cref="TreeException">The tree can't be frozen, or not in time.</exception>
    /// <exception cref="PreDumpException">Tasks of different pid namespaces have the same pid.</exception>
    /// <exception cref="LinuxException">Not permitted, or another call failed.</exception>
    /// <exception cref="OperationCanceledException">The freeze was cancelled.</exception>
    public static TreeSnapshot Take(FreezeRequest request, IDirtyTracker tracker, ParentRound? parent, CancellationToken cancel)
    {
        var attempts = new FreezeAttempts(request.Timeout, cancel);
        var snapshot = new TreeSnapshot(withChanges: parent is not null, attempts);
        try
        {
            var prepared = request with { Prepare = snapshot.Prepare };
            if (parent is not null)
                tracker.Prepare(request.Root, cancel);
            attempts.Run(patience => snapshot.TakeOnThisThread(prepared, patience, tracker, parent, cancel));
            return snapshot;
        }
        catch
        {
            snapshot.Dispose();
            throw;
        }
    }

    /// <summary>Removes the tasks in which the tracker may miss changes: a final dump copies a task in full if its parent does
    /// not have it.</summary>
    /// <returns>The removed tasks, and why.</returns>
    public IReadOnlyDictionary<TreeTask, string> LeaveOutMissed(IDirtyTracker tracker)
    {
        var missed = new Dictionary<TreeTask, string>();
        foreach (var task in _tasks)
        {
            if (tracker.WhyMissed(task.Task) is { } why)
                missed.Add(task.Task, why);
        }
        _tasks.RemoveAll(task => missed.ContainsKey(task.Task));
        return missed;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _maps?.Dispose();
        Changes.Dispose();
    }

    private void TakeOnThisThread(
        FreezeRequest request, FreezePatience patience, IDirtyTracker tracker, ParentRound? parent, CancellationToken cancel)
    {
        using var tree = FrozenTree.Freeze(request, patience, cancel);
        var limit = new FreezeLimit(patience.Deadline, cancel);
        var tasks = tree.Tasks;
        RefuseEqualPids(tasks);
        for (int i = 0; i < tasks.Count; i++)
        {
            limit.Check();
            tasks[i].BeginTurn(request.Files);
            Read(tasks[i], tracker, parent, limit);
            tasks[i].EndTurn();
        }
        for (int i = 0; i < _tasks.Count; i++) // only now, because tasks may share one memory (vfork, CLONE_VM)
        {
            limit.Check(); // the round is lost, but the tree need not stay frozen for the rest
            _tasks[i].Task.BeginTurn(request.Files);
            Reset(_tasks[i].Task, tracker, parent);
            _tasks[i].Task.EndTurn();
        }
        Uptime = ProcFs.UptimeMicroseconds();
        long thawed = tree.Thaw();

        AllocatedInFreeze = GC.GetAllocatedBytesForCurrentThread() - AllocatedInFreeze;
        Freezing = Attempts.StoodStill + Stopwatch.GetElapsedTime(tree.InterruptedAt, tree.StoppedAt);
        Frozen = Stopwatch.GetElapsedTime(tree.StoppedAt, thawed);
        ProcessCount = tasks.Count;
        ThreadCount = tasks.Sum(task => task.ThreadCount);
    }

    // Called last before the first thread is interrupted.
    private void Prepare(IReadOnlyList<TreeTask> tasks)
    {
        _maps?.Dispose(); // of an attempt that failed
        _maps = new MapsArena(ExpectedMapsBytes(tasks));
        _tasks.EnsureCapacity(tasks.Count);
        _pids.EnsureCapacity(tasks.Count);
        Rehearse();
        AllocatedInFreeze = GC.GetAllocatedBytesForCurrentThread();
    }

    // A VMA that maps no file mostly has a page. (The most for every tree would take `sleep` a tenth longer.)
    private static ulong ExpectedMapsBytes(IReadOnlyList<TreeTask> tasks)
    {
        const ulong BytesOfProgram = 16 * 1024, BytesOfVma = 80;
        ulong bytes = 0;
        foreach (var task in tasks)
            bytes += BytesOfProgram + PageSize.Pages(task.ExpectedBytes) * BytesOfVma;
        return Math.Min(bytes, MostMapsBytes);
    }

    // Runs what the freeze of a first round consists of, so that no code is loaded in it.
    private static void Rehearse()
    {
        new FreezeLimit(long.MaxValue, CancellationToken.None).Check();
        using var maps = new MapsArena(0);
        using var ours = ProcFs.TryOpen(Environment.ProcessId, "maps");
        if (ours is not null)
            _ = maps.Read(ours);
        _ = ProcFs.UptimeMicroseconds();
    }

    // Two nested pid namespaces may each have a pid 1, and CRIU uses only that pid in the names of images. Refused before dirty
    // tracking is reset, so that the parent stays usable.
    private void RefuseEqualPids(IReadOnlyList<TreeTask> tasks)
    {
        for (int i = 0; i < tasks.Count; i++)
        {
            if (tasks[i].LiveTid != 0 && !_pids.Add(tasks[i].ImagePid))
                throw EqualPids(tasks, tasks[i].ImagePid);
        }
    }

    private static PreDumpException EqualPids(IReadOnlyList<TreeTask> tasks, int pid)
    {
        var equal = tasks.Where(task => task.LiveTid != 0 && task.ImagePid == pid);
        return new PreDumpException($"tasks {string.Join(" and ", equal)} all have pid {pid} in their pid namespaces, "
            + "and CRIU names images by that pid: pre-dump each namespace's tree separately");
    }

    private void Read(TreeTask task, IDirtyTracker tracker, ParentRound? parent, FreezeLimit limit)
    {
        if (task.Maps is null) // a zombie, or a task that ended while it was being frozen
            return;
        var maps = Maps.Read(task.Maps);
        var changes = parent?.Has(task) == true
            ? tracker.Read(task, Maps[maps], Changes, parent.Check?.HasLedger == true, limit)
            : null;
        _tasks.Add(new TaskSnapshot(task, maps, changes));
    }

    private static void Reset(TreeTask task, IDirtyTracker tracker, ParentRound? parent)
    {
        if (!tracker.Resets(task))
            return;
        parent?.Claim?.TrackingIsReset();
        tracker.Reset(task);
    }
}
