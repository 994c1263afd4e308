namespace PreDump.Linux;

/// <summary>A process tree that somebody else has stopped: by signals, by a tracer, or by a frozen cgroup. It is only looked at;
/// nothing is frozen and nothing is thawed.</summary>
public sealed class StoppedTree : IDisposable
{
    private readonly ProcessTree _tree;
    private readonly List<(int Tid, TreeTask Task)> _threads = [];

    private StoppedTree(ProcessTree tree) => _tree = tree;

    /// <summary>The processes; those that have no live thread (zombies) have LiveTid 0.</summary>
    public IReadOnlyList<TreeTask> Tasks => _tree.Tasks;

    /// <summary>Finds the tree's tasks and threads.</summary>
    /// <exception cref="TreeException">There is no such tree, or a thread of it may run.</exception>
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

    /// <summary>Looks at every thread once more.</summary>
    /// <exception cref="TreeException">One may run.</exception>
    public void RefuseRunning()
    {
        foreach (var (tid, task) in _threads)
            if (ProcFs.State(tid) is not ('T' or 't' or 'Z' or 'X' or '\0') and var state && !IsInFrozenCgroup(tid))
                throw new TreeException($"thread {tid} of {task} is not stopped (state {state}), and memory that changes can't be compared: "
                    + $"stop the whole tree first (kill -STOP {string.Join(' ', _tree.Tasks.Select(each => each.Pid))}, or a frozen cgroup)");
    }

    /// <inheritdoc/>
    public void Dispose() => _tree.Dispose();

    // A frozen thread's state is S or D, like a sleeping one's: only its cgroup tells.
    private static bool IsInFrozenCgroup(int tid)
    {
        foreach (var line in (ProcFs.TryReadText(ProcFs.Path(tid, "cgroup")) ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
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
