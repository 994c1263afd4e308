using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>One process of the tree: its pids, its threads, and the /proc files that are needed in the freeze. Used by the
/// freeze's thread until the thaw; its pids never change.</summary>
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

    /// <summary>The pid in predump's pid namespace.</summary>
    public int Pid { get; }

    /// <summary>The parent's pid in predump's pid namespace.</summary>
    public int ParentPid { get; }

    /// <summary>The command's name.</summary>
    public string Name { get; }

    /// <summary>The pid in the process's innermost pid namespace, which CRIU uses in the names of images.</summary>
    public int ImagePid { get; }

    /// <summary>When the process started, in clock ticks since boot. Together with the pid it identifies the process until the
    /// next boot.</summary>
    public ulong StartTime { get; }

    /// <summary>Anonymous memory before the freeze, in bytes: an estimate for the progress line.</summary>
    public ulong ExpectedBytes { get; }

    /// <summary>The number of threads seen so far, including dead ones.</summary>
    public int ThreadCount => Tids.Count;

    /// <summary>The tid of a live thread, used to access the memory: the leader, unless it has exited before the others. 0 if
    /// there is none (a zombie).</summary>
    public int LiveTid { get; internal set; }

    /// <summary>/proc/PID/maps, open for reading.</summary>
    public Fd? Maps { get; private set; }

    /// <summary>/proc/PID/clear_refs, open for resetting soft-dirty tracking; null if it is not needed.</summary>
    public Fd? ClearRefs { get; private set; }

    /// <summary>/proc/PID/pagemap; null if dirty pages are not read in the freeze.</summary>
    public ProcPagemap? Pagemap { get; private set; }

    internal HashSet<int> Tids { get; } = [];

    /// <summary>Whether the files must be reopened, because the live thread or the program (exec) has changed.</summary>
    internal bool FilesAreStale { get; set; } = true;

    /// <summary>Whether this task's files are opened in the freeze, one task at a time, because there are too few descriptors for
    /// all tasks at once.</summary>
    internal bool OpensInTurn { get; set; }

    /// <summary>Opens the files, if that could not be done before the freeze. Call it before using them.</summary>
    public void BeginTurn(FreezeFiles files)
    {
        if (OpensInTurn)
            OpenFiles(files);
    }

    /// <summary>Closes the files that <see cref="BeginTurn"/> opened, to free their descriptors for the next task.</summary>
    public void EndTurn()
    {
        if (OpensInTurn)
            CloseFiles();
    }

    /// <summary>Opens the files that the freeze needs; they stay null if the task has gone. Call it only while the task is seized
    /// or frozen, so that it can't call exec unnoticed.</summary>
    /// <exception cref="LinuxException">A file can't be opened.</exception>
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

    /// <summary>Checks, before anything is frozen, that this user may read the task's page tables: /proc/PID/pagemap requires the
    /// same owner in addition to the permission to trace.</summary>
    /// <exception cref="LinuxException">EACCES or EPERM: not permitted.</exception>
    internal void RefuseInvisible() => OpenUnlessGone(Pid, "pagemap", O_RDONLY)?.Dispose();

    /// <summary>Whether this user may freeze the task and reset its tracking, as far as can be told without touching it:
    /// /proc/PID/mem requires the permission to trace, too.</summary>
    internal bool MayBeTraced()
    {
        try
        {
            OpenUnlessGone(LiveTid, "mem", O_RDONLY)?.Dispose();
            OpenUnlessGone(LiveTid, "clear_refs", O_WRONLY)?.Dispose();
            RefuseInvisible();
            return ProcStatus.TryRead(LiveTid) is not { TracerPid: > 0 };
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    /// <summary>Resets the task's dirty tracking while it runs.</summary>
    /// <exception cref="LinuxException">The file can't be opened or written.</exception>
    internal void ResetTracking()
    {
        if (LiveTid == 0)
            return;
        using var clearRefs = OpenUnlessGone(LiveTid, "clear_refs", O_WRONLY);
        if (clearRefs is not null && ProcFs.StartTime(Pid) == StartTime) // the pid may belong to another process by now
            SoftDirty.Reset(clearRefs);
    }

    /// <summary>The number of descriptors that one task's files take, including maps.</summary>
    internal static int CountOf(FreezeFiles files) => 1 + System.Numerics.BitOperations.PopCount((uint)files);

    /// <summary>Closes the files.</summary>
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

    // An exiting task loses its memory first, and /proc then shows its files as root's: EACCES means here that the task has gone.
    private static Fd? OpenUnlessGone(int tid, string file, int flags)
    {
        try
        {
            return ProcFs.OpenUnlessGone(ProcFs.Path(tid, file), flags);
        }
        catch (LinuxException e) when (e.Errno is Errno.EACCES or Errno.EPERM
            && !ProcFs.Hides(tid) && ProcStatus.TryRead(tid) is not { HasMemory: true })
        {
            return null;
        }
    }
}

/// <summary>The files that are needed in the freeze, in addition to maps.</summary>
[Flags]
public enum FreezeFiles
{
    /// <summary>Only maps.</summary>
    None = 0,

    /// <summary>clear_refs, to reset soft-dirty tracking.</summary>
    ClearRefs = 1,

    /// <summary>pagemap, to read the dirty pages.</summary>
    Pagemap = 2,
}
