using System.Runtime.ExceptionServices;

namespace PreDump.Linux;

/// <summary>Resets the soft-dirty tracking of a tree while it runs, for a round that copies everything. A reset walks all page
/// tables of a task, so that in the freeze it would make the tree stand still for longer the more memory it has.
/// <code>
///   kernel is safe --> find the tasks --> would the freeze be refused? --> each task: asleep for good? --> reset
///        |                                        |                                   |
///        `-- no ----------------------------------`-- yes: all tasks -----------------`--> left to the freeze
/// </code></summary>
public static class RunningReset
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(50); // with all sleeping threads together

    // Before 5.11 a reset takes the lock of the maps for reading only, so that a page fault of another thread may copy a page
    // that a third one still writes to by a stale TLB entry: the tree itself would lose that write. In 6.4 page faults that take
    // only their VMA's lock do the same.
    private static readonly Version s_safeSince = new(5, 11), s_unsafe = new(6, 4);

    // Free while none is under way. One that its round has given up may still wait in the kernel, and must not end in another.
    private static readonly SemaphoreSlim s_turn = new(1);

    /// <summary>Resets all tasks but those whose reset could wait or would be in vain: the freeze must reset these. A task that
    /// is born or calls exec meanwhile is not reset, so that more of it looks changed in the next round.</summary>
    /// <param name="root">The tree's root.</param>
    /// <param name="timeout">For how long it is tried; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <returns>The pids of the tasks that are left to the freeze.</returns>
    /// <exception cref="TreeException">A task could not be reset in time, or the tree has ended or is hidden.</exception>
    /// <exception cref="LinuxException">A system call failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IReadOnlySet<int> Run(TreeRoot root, TimeSpan timeout, CancellationToken cancel)
    {
        int milliseconds = timeout.TotalMilliseconds is >= 0 and < int.MaxValue and var limit ? (int)limit : Timeout.Infinite;
        if (!s_turn.Wait(milliseconds, cancel))
            throw TooLate();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var token = stop.Token;
        HashSet<int> left = [];
        ExceptionDispatchInfo? failure = null;
        var ended = new ManualResetEventSlim(); // not disposed of, because a reset that waits outlives this call
        // On a thread of its own: a write that waits in the kernel hears no signal, but this call does.
        var thread = new Thread(() =>
        {
            try
            {
                left = ResetAll(root, token);
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
            s_turn.Release();
            ended.Set();
        })
        { Name = "reset", IsBackground = true };
        thread.Start();
        try
        {
            if (!ended.Wait(milliseconds, cancel))
                throw TooLate();
        }
        catch
        {
            stop.Cancel();
            throw;
        }
        failure?.Throw();
        return left;
    }

    private static HashSet<int> ResetAll(TreeRoot root, CancellationToken cancel)
    {
        using var tree = new ProcessTree(root);
        tree.Scan(NoteLiveThread);
        if (!IsSafeOn(ProcFs.KernelRelease) || WillBeRefused(tree.Tasks))
            return [.. tree.Tasks.Select(task => task.Pid)];
        HashSet<int> left = [];
        var wait = new SleepWait(s_patience);
        FreezeThread.RaisePriority(); // page faults of the task wait for the reset, which nothing else should hold up
        foreach (var task in tree.Tasks)
        {
            cancel.ThrowIfCancellationRequested();
            // (such a thread may hold the lock that a reset needs, and while the reset waits for it, so do all page faults)
            if (task.Tids.Any(wait.IsInVain))
                left.Add(task.Pid);
            else
                task.ResetTracking();
        }
        return left;
    }

    /// <summary>Whether a kernel resets running tasks without harm to them.</summary>
    /// <param name="release">The kernel's release, such as "6.12.9-amd64".</param>
    internal static bool IsSafeOn(string release) =>
        release.Split('.', '-', '+') is [var major, var minor, ..] && int.TryParse(major, out int first)
        && int.TryParse(minor, out int second) && new Version(first, second) is var version
        && version >= s_safeSince && version != s_unsafe;

    private static void NoteLiveThread(int tid, TreeTask task)
    {
        if ((task.LiveTid == 0 || tid == task.Pid) && ProcFs.State(tid) is not ('Z' or 'X' or '\0'))
            task.LiveTid = tid;
    }

    // A round that is refused should leave the marks alone: they may belong to another chain. The freeze says why.
    private static bool WillBeRefused(IReadOnlyList<TreeTask> tasks)
    {
        HashSet<int> imagePids = [];
        return tasks.Any(task => task.LiveTid != 0 && (!task.MayBeTraced() || !imagePids.Add(task.ImagePid)));
    }

    private static TreeException TooLate() => new("the tree's dirty tracking could not be reset in time: one of its threads may "
        + "wait for a device or a network file system; try again later, or allow more time", TreeInput.Timeout);
}
