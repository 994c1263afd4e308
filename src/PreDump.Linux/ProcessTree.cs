namespace PreDump.Linux;

/// <summary>A process and all its descendants (<see cref="ChildSearch"/>), with all their threads. The tree may be running:
/// <see cref="Scan"/> repeats until a complete pass finds nothing new.</summary>
public sealed class ProcessTree : IDisposable
{
    private readonly List<TreeTask> _tasks = [];
    private readonly Dictionary<int, TreeTask> _byPid = [];
    private readonly ChildSearch _childSearch = new();
    private int _threads;

    /// <summary>Creates a tree that holds only its root.</summary>
    /// <exception cref="TreeException">The root has ended.</exception>
    public ProcessTree(TreeRoot root)
    {
        if (ProcStatus.TryRead(root.Pid) is not { } status)
            root.RefuseIfEnded(startTime: 0);
        else
            root.RefuseIfEnded(Add(root.Pid, status).StartTime);
    }

    /// <summary>The processes, parents before their children.</summary>
    public IReadOnlyList<TreeTask> Tasks => _tasks;

    /// <summary>The number of threads of all processes, including dead ones.</summary>
    public int ThreadCount => _threads;

    /// <summary>Searches for processes and threads until a pass finds nothing new, and calls <paramref name="found"/> for each
    /// new thread before looking for its children. Nothing is missed if the tree is stopped, or if <paramref name="found"/>
    /// seizes each thread so that its children are traced from birth.</summary>
    /// <exception cref="TreeException">A descendant is hidden from this user.</exception>
    public void Scan(Action<int, TreeTask> found)
    {
        bool changed;
        do
        {
            changed = false;
            _childSearch.BeginPass();
            for (int i = 0; i < _tasks.Count; i++)
            {
                var task = _tasks[i];
                var tids = ProcFs.Threads(task.Pid);
                if (tids.Count == 0 && ProcFs.Hides(task.Pid))
                    throw Hidden(task.Pid);
                foreach (int tid in tids)
                    changed |= AddThread(task, tid, found);
                foreach (int tid in tids)
                    foreach (int child in _childSearch.Of(task.Pid, tid))
                        changed |= AddProcess(child) is not null;
            }
        } while (changed);
    }

    /// <summary>Adds a thread or process that a tracee has just created; returns its process, or null if it has gone
    /// already.</summary>
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

    private bool AddThread(TreeTask task, int tid, Action<int, TreeTask> found)
    {
        if (!task.Tids.Add(tid))
            return false;
        _threads++;
        found(tid, task);
        return true;
    }

    // A child that its parent has and that is not in /proc has gone, or is hidden. If it is hidden, the tree would be
    // incomplete.
    private TreeTask? AddProcess(int pid)
    {
        if (_byPid.ContainsKey(pid))
            return null;
        var status = ProcStatus.TryRead(pid) ?? (ProcFs.Hides(pid) ? throw Hidden(pid) : ProcStatus.TryRead(pid));
        return status?.Tgid == pid ? Add(pid, status) : null;
    }

    /// <summary>The error for a process that this user may not see.</summary>
    internal static TreeException Hidden(string process) =>
        new($"{process} is hidden from this user (/proc is mounted with hidepid): "
            + "run predump as root, or give it CAP_SYS_PTRACE and CAP_DAC_OVERRIDE");

    private TreeException Hidden(int pid) => Hidden($"process {pid} in the tree of {_tasks[0]}");

    private TreeTask Add(int pid, ProcStatus status)
    {
        if (pid == Environment.ProcessId)
            throw new TreeException($"the tree of {_tasks[0]} contains predump itself: freezing it would freeze predump; "
                + "run predump outside of it (from another session, or with setsid from another shell), "
                + "or give the pid of a descendant", TreeInput.Root);
        var task = new TreeTask(pid, status);
        _tasks.Add(task);
        _byPid.Add(pid, task);
        return task;
    }
}
