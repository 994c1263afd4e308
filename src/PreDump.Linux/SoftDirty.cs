using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>The kernel's soft-dirty tracking: a reset clears a bit on every page of a task, and the next write to a page sets it
/// again. See Documentation/admin-guide/mm/soft-dirty.rst and proc_pid_clear_refs(5).</summary>
public static unsafe class SoftDirty
{
    /// <summary>Whether this kernel supports soft-dirty tracking (CONFIG_MEM_SOFT_DIRTY), tested on a page of predump's. Without
    /// support a reset succeeds, too, but no page ever gets the bit.</summary>
    /// <exception cref="LinuxException">It can't be told, for example because no file can be opened at the moment.</exception>
    public static bool IsSupported()
    {
        using var page = new NativeBuffer(1);
        if (!TryResetOwn())
            return false;
        bool clean = !IsMarked(page);
        Volatile.Write(ref page.Span[0], 1);
        return clean && IsMarked(page);
    }

    /// <summary>Clears the soft-dirty bit of all pages of a task; every later write is dirty in the next round. Must be called
    /// before any page is copied; where dirty pages are read, in the same freeze, after them. Does nothing if the task has
    /// gone.</summary>
    /// <exception cref="LinuxException">The file can't be written.</exception>
    public static void Reset(Fd clearRefs)
    {
        int error = clearRefs.TryWriteOnce("4"u8);
        if (error != 0 && error != ESRCH) // ESRCH: the task has gone
            throw new LinuxException("write", clearRefs.Path, error);
    }

    /// <summary>Clears the soft-dirty bit of all pages of predump's own. False if the kernel has no such file, or doesn't permit
    /// it.</summary>
    /// <exception cref="LinuxException">It failed for another reason, which says nothing about the kernel.</exception>
    internal static bool TryResetOwn()
    {
        using var clearRefs = Fd.TryOpen("/proc/self/clear_refs", O_WRONLY, out int error);
        if (clearRefs is null)
            return MeansNever(error) ? false : throw new LinuxException("open", "/proc/self/clear_refs", error);
        error = clearRefs.TryWriteOnce("4"u8);
        return error == 0 || (MeansNever(error) ? false : throw new LinuxException("write", clearRefs.Path, error));
    }

    private static bool IsMarked(NativeBuffer page)
    {
        fixed (byte* p = page.Span)
        {
            ulong entry = OwnPages.Entry(p, out int error);
            return error == 0 || MeansNever(error) ? (entry & PagemapBits.SoftDirtyMark) != 0
                : throw new LinuxException("read", "/proc/self/pagemap", error);
        }
    }

    // EROFS: a container's /proc; EINVAL: a kernel before 3.11; ENOSYS: a filter.
    private static bool MeansNever(int error) =>
        error is Errno.ENOENT or Errno.EACCES or Errno.EPERM or Errno.EROFS or Errno.EINVAL or Errno.ENOSYS;
}
