using PreDump.Linux.Interop;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>The memory of a running task: by process_vm_readv(2), and by /proc/PID/mem for what that may not read. Nothing of
/// ours enters the task. Several threads may read at a time.</summary>
public sealed unsafe class RemoteMemory : IDisposable
{
    private const int MADV_PAGEOUT = 21;

    private readonly int _tid;
    private readonly Fd _pidFd;
    private readonly Lock _opening = new();
    private Fd? _mem;

    private RemoteMemory(int tid, Fd pidFd) => (_tid, _pidFd) = (tid, pidFd);

    /// <summary>Null where the task has ended, or where its pid is another task's by now: that one's memory is none of ours.</summary>
    /// <param name="task">The task as it was in the freeze.</param>
    public static RemoteMemory? TryOpen(TreeTask task)
    {
        int pidFd = Syscall.PidFdOpen(task.Pid);
        if (pidFd < 0)
            return errno == ESRCH ? null : throw new LinuxException("pidfd_open", task.Pid.ToString(), errno);
        var memory = new RemoteMemory(task.LiveTid, Fd.Adopt(pidFd, $"pidfd {task.Pid}"));
        if (ProcFs.StartTime(task.Pid) == task.StartTime)
            return memory;
        memory.Dispose();
        return null;
    }

    /// <summary>Whether the process has ended: then its pid may be given to another one.</summary>
    public bool HasEnded
    {
        get
        {
            var poll = new pollfd { fd = _pidFd.Number, events = POLLIN };
            return LibC.poll(&poll, 1, 0) > 0;
        }
    }

    /// <summary>process_vm_readv(2): copies the ranges one behind the other into <paramref name="to"/> and returns the bytes copied,
    /// which are fewer where a page could not be read: the next one. -1 with <paramref name="error"/> where nothing was.</summary>
    public int Read(ReadOnlySpan<MemoryRange> ranges, Span<byte> to, out int error)
    {
        fixed (MemoryRange* remote = ranges)
        fixed (byte* local = to)
        {
            var buffer = new MemoryRange((ulong)local, (ulong)to.Length);
            int got = (int)LibCExtra.process_vm_readv(_tid, &buffer, 1, remote, (nuint)ranges.Length, 0);
            error = got < 0 ? errno : 0;
            return error is Errno.EPERM or Errno.ENOSYS && Mem is not null ? ReadEach(ranges, to, out error) : got;
        }
    }

    // A seccomp filter (a container's) may forbid the call itself. /proc/PID/mem opens only where the task may be read.
    private int ReadEach(ReadOnlySpan<MemoryRange> ranges, Span<byte> to, out int error)
    {
        int done = 0;
        foreach (var range in ranges)
        {
            int got = ReadForced(range, to[done..]);
            done += got;
            if ((ulong)got < range.Length)
                break;
        }
        error = done == 0 ? Errno.EFAULT : 0;
        return done == 0 ? -1 : done;
    }

    private Fd? Mem
    {
        get
        {
            lock (_opening)
                return _mem ??= Fd.TryOpen(ProcFs.Path(_tid, "mem"), O_RDONLY, out _);
        }
    }

    /// <summary>Reads through /proc/PID/mem, which also reads what the task itself may not (PROT_NONE), and which fails where a
    /// missing page is a userfaultfd's to bring, instead of asking for it. Returns the bytes read, 0 where there is nothing to
    /// read.</summary>
    public int ReadForced(MemoryRange range, Span<byte> to) => Math.Max(0, Mem?.TryReadAt(to[..(int)range.Length], range.Start) ?? 0);

    /// <summary>process_madvise(2), MADV_PAGEOUT: sends pages to swap. Without the right to it (CAP_SYS_NICE) nothing is done.</summary>
    public void PageOut(MemoryRange range) => _ = Syscall.ProcessMadvise(_pidFd.Number, &range, 1, MADV_PAGEOUT);

    /// <inheritdoc/>
    public void Dispose()
    {
        _pidFd.Dispose();
        _mem?.Dispose();
    }
}
