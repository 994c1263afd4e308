namespace PreDump.Linux;

/// <summary>A process tree that is already stopped: by signals, by a tracer, or by a frozen cgroup. It is only read, never frozen
/// or thawed.</summary>
public sealed class StoppedTree : IDisposable
{
    private readonly ProcessTree _tree;
    private readonly List<(int Tid, TreeTask Task)> _threads = [];

    private StoppedTree(ProcessTree tree) => _tree = tree;

    /// <summary>The tree's processes. A process without a live thread (a zombie) has a <see cref="TreeTask.LiveTid"/> of
    /// 0.</summary>
    public IReadOnlyList<TreeTask> Tasks => _tree.Tasks;

    /// <summary>Finds the tree's processes and threads, and checks that all of them are stopped.</summary>
    /// <exception cref="TreeException">The root has ended, or a thread is not stopped.</exception>
    public static StoppedTree Open(TreeRoot root)
    {
        var stopped = new StoppedTree(new ProcessTree(root));
        try
        {
            stopped._tree.Scan((tid, task) =>
            {
                stopped._threads.Add((tid, task));
                if ((task.LiveTid == 0 || tid == task.Pid) && ProcFs.State(tid) is not ('Z' or 'X' or '\0'))
                    task.LiveTid = tid;
            });
            stopped.RefuseRunning();
            return stopped;
        }
        catch
        {
            stopped.Dispose();
            throw;
        }
    }

    /// <summary>Checks again that every thread is stopped.</summary>
    /// <exception cref="TreeException">A thread is not stopped.</exception>
    public void RefuseRunning()
    {
        foreach (var (tid, task) in _threads)
            if (ProcFs.State(tid) is not ('T' or 't' or 'Z' or 'X' or '\0') and var state && !IsInFrozenCgroup(tid))
                throw NotStopped(tid, task, state);
    }

    /// <inheritdoc/>
    public void Dispose() => _tree.Dispose();

    private TreeException NotStopped(int tid, TreeTask task, char state)
    {
        string pids = string.Join(' ', _tree.Tasks.Select(each => each.Pid));
        return new TreeException($"thread {tid} of {task} is not stopped (state {state}), and changing memory can't be compared: "
            + $"stop the whole tree first (kill -STOP {pids}, or freeze its cgroup)");
    }

    // A thread in a frozen cgroup shows state S or D, like a sleeping one, so the cgroup itself must be asked.
    private static bool IsInFrozenCgroup(int tid)
    {
        string cgroups = ProcFs.TryReadText(ProcFs.Path(tid, "cgroup")) ?? "";
        foreach (var line in cgroups.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = line.Split(':', 3); // hierarchy:controllers:/path; the unified one has no controllers
            if (fields.Length < 3)
                continue;
            bool unified = fields[1].Length == 0;
            if (!unified && !fields[1].Split(',').Contains("freezer"))
                continue;
            string? mount = Mounts.OfFreezer(unified ? "cgroup2" : "freezer");
            if (mount is null)
                continue;
            string? state = ProcFs.TryReadText(mount + fields[2] + (unified ? "/cgroup.events" : "/freezer.state"));
            if (unified ? state?.Split('\n').Contains("frozen 1") == true : state?.Trim() == "FROZEN")
                return true;
        }
        return false;
    }
}
