using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>One process of the tree: its pids, its threads, and the files of /proc that are needed in the freeze.</summary>
public sealed class TreeTask : IDisposable
{
    internal TreeTask(int pid, ProcStatus status)
    {
        Pid = pid;
        ParentPid = status.PPid;
        Name = status.Name;
        ImagePid = status.InnermostPid;
        StartTime = ProcFs.StartTime(pid);
        ExpectedBytes = status.AnonymousBytes;
    }

    /// <summary>The pid as we see it.</summary>
    public int Pid { get; }

    /// <summary>The parent's pid as we see it.</summary>
    public int ParentPid { get; }

    /// <summary>The command's name.</summary>
    public string Name { get; }

    /// <summary>The pid in its innermost pid namespace, by which CRIU names images.</summary>
    public int ImagePid { get; }

    /// <summary>Clock ticks since boot; together with the pid it names the process for good.</summary>
    public ulong StartTime { get; }

    /// <summary>Anonymous memory before the freeze, in bytes: an estimate for the progress line.</summary>
    public ulong ExpectedBytes { get; }

    /// <summary>All threads that were seen, dead ones included.</summary>
    public int ThreadCount => Tids.Count;

    /// <summary>A live thread, through which the memory is reached: the leader, unless it has exited before the others.
    /// 0 where no thread lives: a zombie.</summary>
    public int LiveTid { get; internal set; }

    /// <summary>The memory's map, to be read in the freeze.</summary>
    public Fd? Maps { get; private set; }

    /// <summary>Where dirty tracking is reset.</summary>
    public Fd? ClearRefs { get; private set; }

    /// <summary>The page tables' view; opened only where dirty pages are read in the freeze.</summary>
    public ProcPagemap? Pagemap { get; private set; }

    internal HashSet<int> Tids { get; } = [];

    /// <summary>The files are of another thread or of another program than the one that is frozen: open them anew.</summary>
    internal bool FilesAreStale { get; set; } = true;

    /// <summary>Too few descriptors for all tasks at once: this one's files are opened in the freeze, when it is its turn.</summary>
    internal bool OpensInTurn { get; set; }

    /// <summary>Opens the files in the freeze, if that could not be done before; to be called before they are used.</summary>
    public void BeginTurn(FreezeFiles files)
    {
        if (OpensInTurn)
            OpenFiles(files);
    }

    /// <summary>Makes room for the next task's files.</summary>
    public void EndTurn()
    {
        if (OpensInTurn)
            CloseFiles();
    }

    /// <summary>Opens the files that the freeze needs. To be called while the task can't become another program unseen: it is
    /// seized, or frozen already. Null members mean that the task has gone.</summary>
    public void OpenFiles(FreezeFiles files)
    {
        CloseFiles();
        FilesAreStale = false;
        if (LiveTid == 0)
            return;
        Maps = OpenUnlessGone(LiveTid, "maps", O_RDONLY);
        if (files.HasFlag(FreezeFiles.ClearRefs))
            ClearRefs = OpenUnlessGone(LiveTid, "clear_refs", O_WRONLY);
        if (files.HasFlag(FreezeFiles.Pagemap) && OpenUnlessGone(LiveTid, "pagemap", O_RDONLY) is { } pagemap)
            Pagemap = new ProcPagemap(pagemap);
    }

    /// <summary>Refuses a task whose page tables this user may not see, before anything is frozen: /proc/PID/pagemap asks for the
    /// owner of the task besides the right to trace it.</summary>
    /// <exception cref="LinuxException">EACCES or EPERM.</exception>
    internal void RefuseInvisible() => OpenUnlessGone(Pid, "pagemap", O_RDONLY)?.Dispose();

    /// <summary>How many they are.</summary>
    internal static int CountOf(FreezeFiles files) => 1 + System.Numerics.BitOperations.PopCount((uint)files);

    /// <summary>Closes them again.</summary>
    public void CloseFiles()
    {
        Maps?.Dispose();
        ClearRefs?.Dispose();
        Pagemap?.Dispose();
        (Maps, ClearRefs, Pagemap) = (null, null, null);
    }

    internal void LoseLiveThread() => (LiveTid, FilesAreStale) = (0, true);

    /// <inheritdoc/>
    public void Dispose() => CloseFiles();

    /// <inheritdoc/>
    public override string ToString() => $"{Pid} ({Name})";

    // A task that exits has lost its memory before it has gone: /proc then gives its files to root, whose they never were.
    private static Fd? OpenUnlessGone(int tid, string file, int flags)
    {
        try
        {
            return ProcFs.OpenUnlessGone(ProcFs.Path(tid, file), flags);
        }
        catch (LinuxException e) when (e.Errno is Errno.EACCES or Errno.EPERM && !ProcFs.Hides(tid) && ProcStatus.TryRead(tid) is not { HasMemory: true })
        {
            return null;
        }
    }
}

/// <summary>Which files besides maps the freeze will need.</summary>
[Flags]
public enum FreezeFiles
{
    /// <summary>Only the maps.</summary>
    None = 0,

    /// <summary>clear_refs: the kernel tracks dirty pages.</summary>
    ClearRefs = 1,

    /// <summary>pagemap: the dirty pages are read in the freeze.</summary>
    Pagemap = 2,
}
