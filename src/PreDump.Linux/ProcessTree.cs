namespace PreDump.Linux;

/// <summary>A process and all its descendants, with all their threads, found through /proc/PID/task and its children files.
/// The tree may be running: <see cref="Scan"/> goes round until a whole pass finds nothing new.</summary>
public sealed class ProcessTree : IDisposable
{
    private readonly List<TreeTask> _tasks = [];
    private readonly Dictionary<int, TreeTask> _byPid = [];
    private int _threads;

    /// <summary>Starts at <paramref name="root"/>, which must be a process with memory of its own.</summary>
    /// <exception cref="TreeException">There is no such process, it is hidden, or it has no memory to copy.</exception>
    public ProcessTree(int root)
    {
        if (!ProcFs.IsOurs())
            throw new TreeException("/proc is not that of predump's own pid namespace: mount one inside (unshare --mount-proc), or enter the "
                + "namespace together with its mounts (nsenter --mount --pid)");
        var status = ReadRoot(root)
            ?? throw (ProcFs.Hides(root) ? Hidden(root)
                : new TreeException($"there is no process {root}: give the pid of a running process", TreeInput.Root));
        if (status.Tgid != root)
            throw new TreeException($"{root} is a thread of process {status.Tgid}: give {status.Tgid} instead", TreeInput.Root);
        if (status.State is 'Z' or 'X' && ProcFs.Threads(root).Count <= 1)
            throw new TreeException($"process {root} ({status.Name}) is a zombie: it has exited and has no memory left");
        if (!status.HasMemory && status.State is not ('Z' or 'X'))
            throw new TreeException($"process {root} ({status.Name}) is a kernel thread: it has no memory of its own");
        Add(root, status);
    }

    /// <summary>The processes, parents before their children.</summary>
    public IReadOnlyList<TreeTask> Tasks => _tasks;

    /// <summary>Threads of all processes, dead ones included.</summary>
    public int ThreadCount => _threads;

    /// <summary>Goes round until a pass finds nothing new, and calls <paramref name="found"/> for each new thread before anything
    /// that it may have forked is looked for. In a tree that is stopped, or whose threads are all seized so that what they
    /// fork is traced from its birth, nothing is missed.</summary>
    /// <exception cref="TreeException">A descendant is hidden from this user.</exception>
    public void Scan(Action<int, TreeTask> found)
    {
        bool changed;
        do
        {
            changed = false;
            for (int i = 0; i < _tasks.Count; i++)
            {
                var task = _tasks[i];
                var tids = ProcFs.Threads(task.Pid);
                if (tids.Count == 0 && ProcFs.Hides(task.Pid))
                    throw Hidden(task.Pid);
                foreach (int tid in tids)
                    changed |= AddThread(task, tid, found);
                foreach (int tid in tids)
                    foreach (int child in ProcFs.Children(task.Pid, tid))
                        changed |= AddProcess(child) is not null;
            }
        } while (changed);
    }

    /// <summary>A thread that a tracee has just made, known by its tid alone; null where it has gone already.</summary>
    internal TreeTask? AddNewborn(int tid)
    {
        if (ProcStatus.TryRead(tid) is not { } status)
            return null;
        var task = _byPid.GetValueOrDefault(status.Tgid);
        if (task is null && _byPid.ContainsKey(status.PPid))
            task = AddProcess(status.Tgid);
        if (task is not null)
            AddThread(task, tid, (_, _) => { });
        return task;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var task in _tasks)
            task.Dispose();
    }

    // While a thread of it runs exec a process looks like a zombie, or without memory, for a moment: look again before refusing.
    private static ProcStatus? ReadRoot(int root)
    {
        var status = ProcStatus.TryRead(root);
        for (int tries = 0; tries < 20 && status is { HasMemory: false }; tries++)
        {
            FreezeThread.Pause(500);
            status = ProcStatus.TryRead(root);
        }
        return status;
    }

    private bool AddThread(TreeTask task, int tid, Action<int, TreeTask> found)
    {
        if (!task.Tids.Add(tid))
            return false;
        _threads++;
        found(tid, task);
        return true;
    }

    // A child that its parent's file tells of and that /proc does not show is gone, or hidden: then the tree would not be whole.
    private TreeTask? AddProcess(int pid)
    {
        if (_byPid.ContainsKey(pid))
            return null;
        var status = ProcStatus.TryRead(pid) ?? (ProcFs.Hides(pid) ? throw Hidden(pid) : ProcStatus.TryRead(pid));
        return status?.Tgid == pid ? Add(pid, status) : null;
    }

    private TreeException Hidden(int pid) => new((_tasks.Count == 0 ? $"process {pid}" : $"process {pid} in the tree of {_tasks[0]}")
        + " is hidden from this user (/proc is mounted with hidepid): run predump as root, or give it CAP_SYS_PTRACE and CAP_DAC_OVERRIDE");

    private TreeTask Add(int pid, ProcStatus status)
    {
        if (pid == Environment.ProcessId)
            throw new TreeException(_tasks.Count == 0
                ? $"{pid} is predump itself: give the pid of another process"
                : $"the tree of {_tasks[0]} contains predump itself: freezing it would freeze predump; run predump outside of it "
                  + "(from another session, or with setsid from another shell), or give the pid of a descendant",
                TreeInput.Root);
        var task = new TreeTask(pid, status);
        _tasks.Add(task);
        _byPid.Add(pid, task);
        return task;
    }
}
