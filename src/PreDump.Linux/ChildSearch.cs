namespace PreDump.Linux;

/// <summary>Finds the child processes of a process: in the children files of its threads, or, on a kernel without these files
/// (CONFIG_PROC_CHILDREN), by looking at every process's parent. Used by one thread.</summary>
internal sealed class ChildSearch
{
    private readonly Lazy<bool> _hasFiles = new(() => HasFiles);
    private readonly Dictionary<int, List<int>> _children = []; // by the parent's pid, without these files
    private readonly List<int> _none = [];

    /// <summary>Whether this kernel has /proc/PID/task/TID/children.</summary>
    public static bool HasFiles => ProcFs.Children(Environment.ProcessId, Environment.ProcessId) is not null;

    /// <summary>Begins a pass over the tree: processes that were created since the last one are found.</summary>
    /// <exception cref="TreeException">Without these files, /proc hides processes, which could be children.</exception>
    public void BeginPass()
    {
        if (_hasFiles.Value)
            return;
        if (_children.Count == 0 && ProcFs.Hides(1))
            throw new TreeException("/proc hides processes from this user (hidepid), and this kernel has no lists of children "
                + "(CONFIG_PROC_CHILDREN), so some of the tree could be missed: run predump as root, or give it CAP_SYS_PTRACE");
        _children.Clear();
        foreach (int pid in ProcFs.Processes())
        {
            int parent = ProcFs.ParentOf(pid);
            if (!_children.TryGetValue(parent, out var children))
                _children.Add(parent, children = []);
            children.Add(pid);
        }
    }

    /// <summary>The children of a thread; without the files, those of all threads of its process.</summary>
    public List<int> Of(int pid, int tid) => _hasFiles.Value
        ? ProcFs.Children(pid, tid) ?? _none
        : tid == pid ? _children.GetValueOrDefault(pid, _none) : _none;
}
