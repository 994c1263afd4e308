using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>The kernel's soft-dirty tracking (admin-guide/mm/soft-dirty.rst): a reset clears a mark on every page of a task, the
/// next write to a page sets it again.</summary>
public static unsafe class SoftDirty
{
    private const ulong PagemapBit = 1UL << 55;

    /// <summary>Whether this kernel tracks at all, tried on a page of our own: where it does not, the reset succeeds all the
    /// same, but no page ever gets the mark.</summary>
    public static bool IsSupported()
    {
        using var page = new NativeBuffer(1);
        using var clearRefs = Fd.TryOpen("/proc/self/clear_refs", O_WRONLY, out _);
        if (clearRefs is null || clearRefs.TryWriteOnce("4"u8) != 0)
            return false;
        bool clean = !IsMarked(page);
        Volatile.Write(ref page.Span[0], 1);
        return clean && IsMarked(page);
    }

    /// <summary>Clears the mark of all pages of a task. To be done in the freeze, after the task's maps and its dirty pages were
    /// read: what is written from then on is dirty for the next round.</summary>
    public static void Reset(Fd clearRefs)
    {
        int error = clearRefs.TryWriteOnce("4"u8);
        if (error != 0 && error != ESRCH) // gone: nothing to track any more
            throw new LinuxException("write", clearRefs.Path, error);
    }

    private static bool IsMarked(NativeBuffer page)
    {
        fixed (byte* p = page.Span)
            return (OwnPages.Entry(p) & PagemapBit) != 0;
    }
}
