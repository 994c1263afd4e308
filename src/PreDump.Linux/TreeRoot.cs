namespace PreDump.Linux;

/// <summary>The root of a process tree, looked up once. A pid alone may be reused; together with the start time it identifies the
/// process until the next boot.</summary>
/// <param name="Pid">The pid in predump's pid namespace.</param>
/// <param name="StartTime">When the process started, in clock ticks since boot.</param>
/// <param name="ImagePid">The pid in the process's innermost pid namespace, which CRIU uses in the names of images.</param>
/// <param name="Name">The command's name.</param>
public sealed record TreeRoot(int Pid, ulong StartTime, int ImagePid, string Name)
{
    // While one of its threads calls exec, a process can briefly look like a zombie or have no memory.
    private const int Tries = 20, PauseMicroseconds = 500;

    /// <summary>Looks up a process.</summary>
    /// <exception cref="TreeException">There is no such process, it is hidden, it has no memory to copy, or it is predump
    /// itself.</exception>
    public static TreeRoot Find(int pid)
    {
        if (!ProcFs.IsOurs())
            throw new TreeException("/proc does not belong to predump's own pid namespace: mount one inside "
                + "(unshare --mount-proc), or enter the namespace together with its mounts (nsenter --mount --pid)");
        var status = Read(pid)
            ?? throw (ProcFs.Hides(pid) ? ProcessTree.Hidden($"process {pid}")
                : new TreeException($"there is no process {pid}: give the pid of a running process", TreeInput.Root)
                {
                    Number = Errno.ESRCH,
                });
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

    /// <summary>Checks that the process with this pid is still the root.</summary>
    /// <param name="startTime">The start time of the process that has the pid now; 0 if there is none.</param>
    /// <exception cref="TreeException">The root has ended.</exception>
    internal void RefuseIfEnded(ulong startTime)
    {
        if (startTime != StartTime)
            throw new TreeException($"process {Pid} ({Name}) has ended"
                + (startTime == 0 ? "" : ", and its pid now belongs to another process"))
            {
                Number = Errno.ESRCH,
            };
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
