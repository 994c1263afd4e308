using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Tests, on memory of predump's own, for known gaps in this kernel's soft-dirty tracking.</summary>
public static unsafe class SoftDirtyProbe
{
    /// <summary>Whether mremap(2) leaves pages clean that it moves together with their page table (since Linux 5.1 on
    /// x86-64).</summary>
    public static bool LosesMovedPages()
    {
        const int MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2, MADV_NOHUGEPAGE = 15;
        ulong table = PageTable.Bytes;
        return WithMemory(4 * table, start =>
        {
            byte* from = (byte*)((start + table - 1) & ~(table - 1)), to = from + (2 * table);
            _ = madvise(from, (size_t)table, MADV_NOHUGEPAGE);
            *from = 1;
            return SoftDirty.TryResetOwn()
                && mremap(from, (size_t)table, (size_t)table, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to
                && (OwnPages.Entry(to, out _) & (PagemapBits.Present | PagemapBits.SoftDirtyMark)) == PagemapBits.Present;
        });
    }

    /// <summary>Whether a new mapping, which may replace other memory, looks clean once the kernel has merged it with a clean
    /// one, until it is written (before Linux 6.19).</summary>
    public static bool LosesMergedMappings()
    {
        const int MADV_DONTFORK = 10, MADV_DOFORK = 11;
        var page = (size_t)(ulong)PageSize.Bytes;
        return WithMemory(4 * (ulong)PageSize.Bytes, start =>
        {
            byte* first = (byte*)start + PageSize.Bytes, second = first + PageSize.Bytes;
            *first = 1;
            return munmap(second, page) == 0
                && madvise(first, page, MADV_DONTFORK) == 0 // keeps the two from being merged yet
                && SoftDirty.TryResetOwn()
                && mmap(second, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == second
                && madvise(first, page, MADV_DOFORK) == 0
                && (OwnPages.Entry(second, out _) & PagemapBits.SoftDirtyMark) == 0;
        });
    }

    private static bool WithMemory(ulong bytes, Func<ulong, bool> probe)
    {
        // (with pages of 64 KiB four page tables map 2 GiB, of which hardly anything is used)
        int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        void* memory = mmap(null, (size_t)bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
        if (memory == MAP_FAILED)
            return false;
        bool found = probe((ulong)memory);
        _ = munmap(memory, (size_t)bytes);
        return found;
    }
}
