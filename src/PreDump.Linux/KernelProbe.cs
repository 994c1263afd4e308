using System.Runtime.InteropServices;
using Tmds.Linux;
using static PreDump.Linux.Interop.LibCExtra;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Tries the kernel's facilities on predump itself, where a config file or a version number could be wrong.</summary>
public static unsafe class KernelProbe
{
    /// <summary>Whether process_vm_readv(2) reads our own memory.</summary>
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

    /// <summary>Whether /proc/self/mem reads a page that is PROT_NONE (kernels may be told not to: proc_mem.force_override).</summary>
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

    /// <summary>Whether ptrace(2) seizes and stops a child that we start for it.</summary>
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

    /// <summary>Whether /proc was mounted for our pid namespace.</summary>
    public static bool ProcIsOurs() => ProcFs.IsOurs();

    /// <summary>Whether /proc keeps tasks out of this user's sight (hidepid), as seen by the namespace's first process, which is root's.</summary>
    public static bool ProcHides() => ProcFs.IsOurs() && ProcFs.Hides(1);
}
