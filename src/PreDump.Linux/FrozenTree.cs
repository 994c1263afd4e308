using System.Diagnostics;

namespace PreDump.Linux;

/// <summary>How to freeze a tree.</summary>
/// <param name="Root">The tree's root.</param>
/// <param name="Timeout">For how long the freeze is tried.</param>
/// <param name="Files">The files of each task that are needed while it is frozen.</param>
/// <param name="Cgroup">A freezer cgroup that holds the tree; null freezes with ptrace(2) alone.</param>
/// <param name="Prepare">Called with the tree's tasks while they still run, on the freeze's thread, to allocate what the freeze
/// needs.</param>
public sealed record FreezeRequest(
    TreeRoot Root,
    TimeSpan Timeout,
    FreezeFiles Files,
    CgroupFreezer? Cgroup = null,
    Action<IReadOnlyList<TreeTask>>? Prepare = null);

/// <summary>A process tree that stays frozen until <see cref="Thaw"/> or <see cref="Dispose"/>. It is a ref struct because
/// ptrace(2) is bound to one OS thread: it can't be stored, awaited or passed to another thread. Use it in
/// <see cref="FreezeThread.Run"/>.</summary>
public readonly ref struct FrozenTree : IDisposable
{
    private readonly ProcessTree _tree;
    private readonly Tracees _tracees;
    private readonly CgroupFreezer? _cgroup;

    private FrozenTree(ProcessTree tree, Tracees tracees, CgroupFreezer? cgroup, long interrupted, long stopped)
    {
        (_tree, _tracees, _cgroup) = (tree, tracees, cgroup);
        (InterruptedAt, StoppedAt) = (interrupted, stopped);
    }

    /// <summary>The tree's processes. A process without a live thread (a zombie) has a <see cref="TreeTask.LiveTid"/> of
    /// 0.</summary>
    public IReadOnlyList<TreeTask> Tasks => _tree.Tasks;

    /// <summary>When the first thread was interrupted (<see cref="Stopwatch.GetTimestamp"/>).</summary>
    public long InterruptedAt { get; }

    /// <summary>When the last thread had stopped (<see cref="Stopwatch.GetTimestamp"/>).</summary>
    public long StoppedAt { get; }

    /// <summary>Freezes the tree. Everything that can be done while it runs is done before the first thread is
    /// interrupted.</summary>
    /// <param name="request">The tree.</param>
    /// <param name="patience">How long to wait for its slowest thread.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="NotStoppedException">The tree did not stop in that time; it runs again.</exception>
    /// <exception cref="TreeException">The tree can't be frozen.</exception>
    /// <exception cref="LinuxException">EPERM or EACCES: not permitted; or another call failed.</exception>
    /// <exception cref="OperationCanceledException">The freeze was cancelled.</exception>
    public static FrozenTree Freeze(FreezeRequest request, FreezePatience patience, CancellationToken cancel)
    {
        Tracees.RefuseWithoutWait();
        var tree = new ProcessTree(request.Root);
        var tracees = new Tracees(cancel) { Newborn = tree.AddNewborn, Executed = task => task.FilesAreStale = true };
        try
        {
            return request.Cgroup is { } cgroup
                ? FreezeByCgroup(tree, tracees, cgroup, request, patience, cancel)
                : FreezeByPtrace(tree, tracees, request, patience);
        }
        catch (Exception e)
        {
            tracees.DetachAll();
            tree.Dispose();
            request.Cgroup?.Thaw();
            (e as NotStoppedException)?.LetGo();
            throw;
        }
    }

    /// <summary>Lets the tree run again; returns the <see cref="Stopwatch"/> timestamp at which the last thread was
    /// released.</summary>
    public long Thaw()
    {
        _tracees.DetachAll();
        return _cgroup?.Thaw() ?? Stopwatch.GetTimestamp();
    }

    /// <summary>Thaws the tree, if it is still frozen, and closes the tasks' files.</summary>
    public void Dispose()
    {
        Thaw();
        _tree.Dispose();
    }

    private static FrozenTree FreezeByPtrace(
        ProcessTree tree, Tracees tracees, FreezeRequest request, FreezePatience patience)
    {
        tree.Scan((tid, task) => tracees.Seize(tid, task));
        RefuseInvisible(tree);
        OpenStaleFiles(tree, request.Files);
        request.Prepare?.Invoke(tree.Tasks);

        FreezeThread.RaisePriority();
        long interrupted = Stopwatch.GetTimestamp();
        tracees.StopAll(patience, interrupted);
        OpenStaleFiles(tree, request.Files); // of tasks that have just been forked or have called exec
        return new FrozenTree(tree, tracees, null, interrupted, Stopwatch.GetTimestamp());
    }

    // One write freezes all threads in the cgroup; threads of the tree outside it are stopped with ptrace.
    private static FrozenTree FreezeByCgroup(
        ProcessTree tree, Tracees tracees, CgroupFreezer cgroup, FreezeRequest request, FreezePatience patience,
        CancellationToken cancel)
    {
        tree.Scan((_, _) => { });
        RefuseInvisible(tree);
        cgroup.StartGuard();
        request.Prepare?.Invoke(tree.Tasks);
        FreezeThread.RaisePriority();
        long interrupted = Stopwatch.GetTimestamp();
        cgroup.Freeze(patience, interrupted, cancel);

        var frozen = cgroup.Threads();
        void SeizeOutsider(int tid, TreeTask task)
        {
            if (!frozen.Contains(tid))
                tracees.Seize(tid, task);
            else if ((task.LiveTid == 0 || tid == task.Pid) && ProcFs.State(tid) is not ('Z' or 'X' or '\0'))
                task.LiveTid = tid;
        }
        foreach (var task in tree.Tasks)
            foreach (int tid in task.Tids)
                SeizeOutsider(tid, task);
        tree.Scan(SeizeOutsider);
        tracees.StopAll(patience, interrupted);
        OpenStaleFiles(tree, request.Files);
        return new FrozenTree(tree, tracees, cgroup, interrupted, Stopwatch.GetTimestamp());
    }

    private static void RefuseInvisible(ProcessTree tree)
    {
        foreach (var task in tree.Tasks)
            task.RefuseInvisible();
    }

    // Opens the files of as many tasks as there are descriptors for. The other tasks' files are opened one task at a time during
    // the freeze, which makes it longer.
    private static void OpenStaleFiles(ProcessTree tree, FreezeFiles files)
    {
        const int Reserved = 40; // for standard streams, images directory, log, status, guard, and the runtime's own
        ulong available = Math.Max(OwnProcess.DescriptorLimit, Reserved) - Reserved;
        ulong each = (ulong)TreeTask.CountOf(files), used = 0;
        for (int i = 0; i < tree.Tasks.Count; i++) // foreach would allocate an enumerator in the freeze
        {
            var task = tree.Tasks[i];
            task.OpensInTurn = (used += each) > available;
            if (task.FilesAreStale && !task.OpensInTurn)
                task.OpenFiles(files);
        }
    }
}
