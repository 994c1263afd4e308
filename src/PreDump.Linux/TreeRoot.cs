namespace PreDump.Linux;

/// <summary>The root of a process tree: looked up once, and carried from then on. A pid alone may come to name another process; together
/// with the start time it names this one for good.</summary>
/// <param name="Pid">The pid as we see it.</param>
/// <param name="StartTime">Clock ticks since boot.</param>
/// <param name="ImagePid">The pid in its innermost pid namespace, by which CRIU names images.</param>
/// <param name="Name">The command's name.</param>
public sealed record TreeRoot(int Pid, ulong StartTime, int ImagePid, string Name)
{
    // While a thread of it runs exec a process looks like a zombie, or without memory, for a moment.
    private const int Tries = 20, PauseMicroseconds = 500;

    /// <summary>Looks a process up.</summary>
    /// <exception cref="TreeException">There is no such process, it is hidden, or it has no memory to copy.</exception>
    public static TreeRoot Find(int pid)
    {
        if (!ProcFs.IsOurs())
            throw new TreeException("/proc is not that of predump's own pid namespace: mount one inside (unshare --mount-proc), or enter the "
                + "namespace together with its mounts (nsenter --mount --pid)");
        var status = Read(pid)
            ?? throw (ProcFs.Hides(pid) ? ProcessTree.Hidden($"process {pid}")
                : new TreeException($"there is no process {pid}: give the pid of a running process", TreeInput.Root));
        if (status.Tgid != pid)
            throw new TreeException($"{pid} is a thread of process {status.Tgid}: give {status.Tgid} instead", TreeInput.Root);
        if (status.State is 'Z' or 'X' && ProcFs.Threads(pid).Count <= 1)
            throw new TreeException($"process {pid} ({status.Name}) is a zombie: it has exited and has no memory left");
        if (!status.HasMemory && status.State is not ('Z' or 'X'))
            throw new TreeException($"process {pid} ({status.Name}) is a kernel thread: it has no memory of its own");
        if (pid == Environment.ProcessId)
            throw new TreeException($"{pid} is predump itself: give the pid of another process", TreeInput.Root);
        return new TreeRoot(pid, ProcFs.StartTime(pid), status.InnermostPid, status.Name);
    }

    /// <summary>Refuses a process that has taken the pid since.</summary>
    /// <exception cref="TreeException">The root has ended.</exception>
    internal void RefuseAnother(ulong startTime)
    {
        if (startTime != StartTime)
            throw new TreeException($"process {Pid} ({Name}) has ended" + (startTime == 0 ? "" : ", and its pid is another process's by now"));
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Pid} ({Name})";

    private static ProcStatus? Read(int pid)
    {
        var status = ProcStatus.TryRead(pid);
        for (int tries = 0; tries < Tries && status is { HasMemory: false }; tries++)
        {
            FreezeThread.Pause(PauseMicroseconds);
            status = ProcStatus.TryRead(pid);
        }
        return status;
    }
}
