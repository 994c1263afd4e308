using System.Runtime.InteropServices;
using Tmds.Linux;
using static PreDump.Linux.Interop.LibCExtra;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Tests kernel features by using them on predump itself, because a kernel's configuration or version can be
/// misleading.</summary>
public static unsafe class KernelProbe
{
    /// <summary>Whether process_vm_readv(2) can read predump's own memory.</summary>
    public static bool ReadOwnMemory()
    {
        using var page = new NativeBuffer(1);
        byte copy = 0;
        page.Span[0] = 7;
        fixed (byte* p = page.Span)
        {
            var from = new MemoryRange((ulong)p, 1);
            var to = new MemoryRange((ulong)(&copy), 1);
            return process_vm_readv(Environment.ProcessId, &to, 1, &from, 1, 0) == 1 && copy == 7;
        }
    }

    /// <summary>Whether /proc/self/mem can read a PROT_NONE page. The kernel parameter proc_mem.force_override may forbid
    /// it.</summary>
    public static bool ReadForced()
    {
        void* page = mmap(null, (size_t)(ulong)PageSize.Bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
            return false;
        *(byte*)page = 7;
        _ = mprotect(page, (size_t)(ulong)PageSize.Bytes, PROT_NONE);
        byte copy = 0;
        using (var mem = Fd.TryOpen("/proc/self/mem", O_RDONLY, out _))
            _ = mem?.TryReadAt(MemoryMarshal.CreateSpan(ref copy, 1), (ulong)page);
        _ = munmap(page, (size_t)(ulong)PageSize.Bytes);
        return copy == 7;
    }

    /// <summary>Whether the kernel lists each thread's children (CONFIG_PROC_CHILDREN).</summary>
    public static bool ListsChildren() => ChildSearch.HasFiles;

    /// <summary>Whether pidfd_open(2) can refer to a process.</summary>
    public static bool OpenPidFd()
    {
        using var ourselves = ProcessHandle.TryOpen(Environment.ProcessId);
        return ourselves?.IsPidFd == true;
    }

    /// <summary>Whether process_madvise(2) can send a page of predump's own to swap, or would if there were any.</summary>
    public static bool PageOut()
    {
        using var page = new NativeBuffer(1);
        using var ourselves = ProcessHandle.TryOpen(Environment.ProcessId);
        fixed (byte* p = page.Span)
            return ourselves?.PageOut(new MemoryRange((ulong)p, (ulong)page.Length)) > 0;
    }

    /// <summary>Whether a thread of predump's gets real-time priority: with CAP_SYS_NICE, too, a cgroup without a share of
    /// real-time CPU or a seccomp filter may refuse it. See sched_setscheduler(2) and sched(7).</summary>
    public static bool RaisePriority() => FreezeThread.Run(FreezeThread.RaisePriority);

    /// <summary>Whether predump itself may not call ptrace(2), for whatever task: tried on a pid that no process can have. Only a
    /// seccomp filter does that.</summary>
    public static bool PtraceIsFiltered() => ptrace(PTRACE_SEIZE, int.MaxValue, 0, 0) != 0 && errno != ESRCH;

    /// <summary>Whether ptrace(2) can seize and stop a child, which is started for this test.</summary>
    public static bool SeizeChild()
    {
        var child = ThawGuard.StartIdle();
        try
        {
            return FreezeThread.Run(() =>
            {
                int status;
                return ptrace(PTRACE_SEIZE, child.Pid, 0, 0) == 0
                    && ptrace(PTRACE_INTERRUPT, child.Pid, 0, 0) == 0
                    && waitpid(child.Pid, &status, WALL) == child.Pid
                    && ptrace(PTRACE_DETACH, child.Pid, 0, 0) == 0;
            });
        }
        finally
        {
            child.Dismiss();
        }
    }

    /// <summary>Whether /proc belongs to predump's pid namespace.</summary>
    public static bool ProcIsOurs() => ProcFs.IsOurs();

    /// <summary>Whether /proc hides other users' tasks (mount option hidepid): tested on process 1, which is root's.</summary>
    public static bool ProcHides() => ProcFs.IsOurs() && ProcFs.Hides(1);
}
