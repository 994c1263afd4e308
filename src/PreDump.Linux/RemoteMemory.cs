using PreDump.Linux.Interop;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Reads the memory of a running task with process_vm_readv(2), and with /proc/PID/mem where that call fails. Nothing is
/// injected into the task. Thread-safe: several threads may read at the same time.</summary>
public sealed unsafe class RemoteMemory : IDisposable
{
    private readonly int _tid;
    private readonly ProcessHandle _process;
    private readonly Lock _opening = new();
    private Fd? _mem;

    private RemoteMemory(int tid, ProcessHandle process) => (_tid, _process) = (tid, process);

    /// <summary>Opens a task's memory. Returns null if the task has ended, even if its pid has been reused since.</summary>
    /// <param name="task">The task as it was in the freeze.</param>
    /// <exception cref="LinuxException">It can't be opened for another reason, EMFILE for example.</exception>
    public static RemoteMemory? TryOpen(TreeTask task)
    {
        if (ProcessHandle.TryOpen(task.Pid) is not { } process)
            return null;
        var memory = new RemoteMemory(task.LiveTid, process);
        if (ProcFs.StartTime(task.Pid) == task.StartTime)
            return memory;
        memory.Dispose();
        return null;
    }

    /// <summary>Whether the process has ended, after which its pid may be reused.</summary>
    public bool HasEnded => _process.HasEnded;

    /// <summary>Copies the ranges consecutively into <paramref name="to"/>. Returns the number of bytes copied; if it is less
    /// than the ranges' total, the page that follows can't be read. Returns -1 and sets <paramref name="error"/> if nothing was
    /// copied. See process_vm_readv(2).</summary>
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

    // A container's seccomp filter may forbid process_vm_readv(2). /proc/PID/mem can be opened only if reading the task is
    // permitted.
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
                return _mem ??= ProcFs.TryOpen(_tid, "mem");
        }
    }

    /// <summary>Reads through /proc/PID/mem. That also reads pages which the task itself can't (PROT_NONE), and it fails for a
    /// missing page under a userfaultfd instead of triggering a fault. Returns the number of bytes read; 0 on failure. See
    /// proc_pid_mem(5).</summary>
    public int ReadForced(MemoryRange range, Span<byte> to) =>
        Math.Max(0, Mem?.TryReadAt(to[..(int)range.Length], range.Start) ?? 0);

    /// <summary>Sends pages to swap; errors are ignored (it needs CAP_SYS_NICE). See process_madvise(2), MADV_PAGEOUT.</summary>
    public void PageOut(MemoryRange range) => _ = _process.PageOut(range);

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.Dispose();
        _mem?.Dispose();
    }
}
