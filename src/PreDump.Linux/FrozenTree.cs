using System.Diagnostics;

namespace PreDump.Linux;

/// <summary>How a tree is to be frozen.</summary>
/// <param name="Root">The tree's root.</param>
/// <param name="Timeout">How long the freezing may take.</param>
/// <param name="Files">Which files of each task the work in the freeze needs.</param>
/// <param name="Cgroup">The directory of a freezer cgroup that holds the tree; null freezes by ptrace alone.</param>
/// <param name="Prepare">Called with the tree while it still runs: what the work in the freeze needs is made there.</param>
public sealed record FreezeRequest(TreeRoot Root, TimeSpan Timeout, FreezeFiles Files, CgroupFreezer? Cgroup = null, Action<IReadOnlyList<TreeTask>>? Prepare = null);

/// <summary>A process tree that stands still until <see cref="Dispose"/>. A ref struct, because ptrace(2) belongs to one OS
/// thread: it can't be stored, awaited or handed on. Use it in <see cref="FreezeThread.Run"/>.</summary>
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

    /// <summary>The processes; those that have no live thread (zombies) have LiveTid 0.</summary>
    public IReadOnlyList<TreeTask> Tasks => _tree.Tasks;

    /// <summary>When the first thread was interrupted (<see cref="Stopwatch.GetTimestamp"/>).</summary>
    public long InterruptedAt { get; }

    /// <summary>When the last one had stopped.</summary>
    public long StoppedAt { get; }

    /// <summary>Freezes the tree: all that can be done while it runs is done before the first thread is interrupted.</summary>
    /// <exception cref="TreeException">The tree can't be frozen as it is, or not in time.</exception>
    /// <exception cref="LinuxException">Not permitted, or another call failed.</exception>
    public static FrozenTree Freeze(FreezeRequest request, CancellationToken cancel)
    {
        var tree = new ProcessTree(request.Root);
        var tracees = new Tracees(cancel) { Newborn = tree.AddNewborn, Executed = task => task.FilesAreStale = true };
        try
        {
            return request.Cgroup is { } cgroup
                ? FreezeByCgroup(tree, tracees, cgroup, request, cancel)
                : FreezeByPtrace(tree, tracees, request);
        }
        catch
        {
            tracees.DetachAll();
            tree.Dispose();
            request.Cgroup?.Thaw();
            throw;
        }
    }

    /// <summary>Lets the tree run on; returns the time at which the last thread was let go.</summary>
    public long Thaw()
    {
        _tracees.DetachAll();
        return _cgroup?.Thaw() ?? Stopwatch.GetTimestamp();
    }

    /// <summary>Thaws, if that has not been done, and closes the tasks' files.</summary>
    public void Dispose()
    {
        Thaw();
        _tree.Dispose();
    }

    private static FrozenTree FreezeByPtrace(ProcessTree tree, Tracees tracees, FreezeRequest request)
    {
        tree.Scan((tid, task) => tracees.Seize(tid, task));
        RefuseInvisible(tree);
        OpenStaleFiles(tree, request.Files);
        request.Prepare?.Invoke(tree.Tasks);

        FreezeThread.Hurry();
        long interrupted = Stopwatch.GetTimestamp();
        tracees.StopAll(Deadline(interrupted, request.Timeout));
        OpenStaleFiles(tree, request.Files); // of tasks that were just born, or have become another program
        return new FrozenTree(tree, tracees, null, interrupted, Stopwatch.GetTimestamp());
    }

    // The cgroup stops all its threads at one write; what of the tree is outside of it is stopped by ptrace.
    private static FrozenTree FreezeByCgroup(ProcessTree tree, Tracees tracees, CgroupFreezer cgroup, FreezeRequest request, CancellationToken cancel)
    {
        tree.Scan((_, _) => { });
        RefuseInvisible(tree);
        request.Prepare?.Invoke(tree.Tasks);
        FreezeThread.Hurry();
        long interrupted = Stopwatch.GetTimestamp();
        long deadline = Deadline(interrupted, request.Timeout);
        cgroup.Freeze(deadline, cancel);

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
        tracees.StopAll(deadline);
        OpenStaleFiles(tree, request.Files);
        return new FrozenTree(tree, tracees, cgroup, interrupted, Stopwatch.GetTimestamp());
    }

    private static void RefuseInvisible(ProcessTree tree)
    {
        foreach (var task in tree.Tasks)
            task.RefuseInvisible();
    }

    // As many as there are descriptors for; the others have their turn in the freeze, which that lengthens.
    private static void OpenStaleFiles(ProcessTree tree, FreezeFiles files)
    {
        const int ForOurselves = 40; // standard ones, the images' directory, log, status, guard, and what the runtime holds
        ulong room = Math.Max(OwnProcess.DescriptorLimit, ForOurselves) - ForOurselves;
        ulong each = (ulong)TreeTask.CountOf(files), used = 0;
        for (int i = 0; i < tree.Tasks.Count; i++) // (an enumerator would be an object)
        {
            var task = tree.Tasks[i];
            task.OpensInTurn = (used += each) > room;
            if (task.FilesAreStale && !task.OpensInTurn)
                task.OpenFiles(files);
        }
    }

    private static long Deadline(long now, TimeSpan timeout) =>
        timeout == Timeout.InfiniteTimeSpan ? long.MaxValue : now + (long)(timeout.TotalSeconds * Stopwatch.Frequency);
}
