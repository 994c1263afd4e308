using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>The PAGEMAP_SCAN ioctl, since Linux 6.7: the kernel walks the page tables and returns the ranges that match. Which
/// categories this kernel supports is tested once, on a page of predump's. See PAGEMAP_SCAN(2const) and
/// Documentation/admin-guide/mm/pagemap.rst.</summary>
public static unsafe class PagemapScan
{
    private const int MaxRegions = 256;
    private const int PAGEMAP_SCAN = unchecked((int)0xC0606610); // _IOWR('f', 16, struct pm_scan_arg)

    // PAGE_IS_… of linux/fs.h
    private const ulong File = 1 << 2, Present = 1 << 3, Swapped = 1 << 4, PfnZero = 1 << 5, Huge = 1 << 6;
    private const ulong SoftDirtyMark = 1 << 7, Guard = 1 << 8;

    private static readonly bool s_anonymous, s_softDirty;

    static PagemapScan()
    {
        using var page = new NativeBuffer(1);
        using var pagemap = Fd.TryOpen("/proc/self/pagemap", O_RDONLY, out _);
        if (pagemap is null)
            return;
        HasGuardCategory = Try(pagemap, page, PageCategory.Anonymous, guard: true);
        s_anonymous = Try(pagemap, page, PageCategory.Anonymous, HasGuardCategory);
        s_softDirty = Try(pagemap, page, PageCategory.SoftDirty, HasGuardCategory); // some 6.7.x lack the soft-dirty category
    }

    /// <summary>Whether the scan can tell guard pages (since Linux 6.15). Otherwise they look like swapped pages that can't be
    /// read.</summary>
    public static bool HasGuardCategory { get; }

    /// <summary>Whether this kernel's scan can find pages of a category.</summary>
    public static bool Supports(PageCategory category) => category == PageCategory.SoftDirty ? s_softDirty : s_anonymous;

    /// <summary>Finds the next pages; the contract is that of <see cref="ProcPagemap.Scan"/>.</summary>
    /// <exception cref="LinuxException">The ioctl failed.</exception>
    internal static int Scan(Fd pagemap, ref ulong position, ulong end, PageCategory category, Span<MemoryRange> found)
    {
        Regions regions;
        var argument = Filtered(category, HasGuardCategory);
        argument.Start = position;
        argument.End = end;
        argument.Vector = (ulong)&regions;
        argument.VectorLength = (ulong)Math.Min(MaxRegions, found.Length);
        int count = ioctl(pagemap.Number, PAGEMAP_SCAN, &argument);
        if (count < 0)
        {
            if (errno == ESRCH || errno == EFAULT) // the memory has gone
            {
                position = end;
                return 0;
            }
            throw pagemap.Failed("ioctl", $"{pagemap.Path}, PAGEMAP_SCAN");
        }
        position = Math.Max(argument.WalkEnd, position);
        int ranges = 0;
        for (int i = 0; i < count; i++)
        {
            var region = ((PageRegion*)&regions)[i];
            if ((region.Categories & (PfnZero | Huge | SoftDirtyMark)) == PfnZero) // the small zero page, never written
                continue;
            RunMerger.TryAdd(found, ref ranges, new MemoryRange(region.Start, region.End - region.Start));
        }
        return ranges;
    }

    // The kernel splits regions where the returned categories differ, so ReturnMask has as few as possible.
    private static ScanArgument Filtered(PageCategory category, bool guard)
    {
        ulong never = File | (guard ? Guard : 0);
        return new ScanArgument
        {
            Size = (ulong)sizeof(ScanArgument),
            CategoryInverted = never,
            CategoryMask = never,
            CategoryAnyOf = category == PageCategory.SoftDirty ? SoftDirtyMark | PfnZero : Present | Swapped,
            ReturnMask = category == PageCategory.SoftDirty ? SoftDirtyMark | PfnZero | Huge : PfnZero | Huge,
        };
    }

    private static bool Try(Fd pagemap, NativeBuffer page, PageCategory category, bool guard)
    {
        fixed (byte* start = page.Span)
        {
            PageRegion region;
            var argument = Filtered(category, guard);
            argument.Start = (ulong)start;
            argument.End = (ulong)start + PageSize.Step;
            argument.Vector = (ulong)&region;
            argument.VectorLength = 1;
            return ioctl(pagemap.Number, PAGEMAP_SCAN, &argument) >= 0;
        }
    }

    /// <summary>struct page_region of linux/fs.h: a range and the categories that its pages have in common.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PageRegion
    {
        public ulong Start, End, Categories;
    }

    /// <summary>struct pm_scan_arg of linux/fs.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct ScanArgument
    {
        public ulong Size, Flags, Start, End, WalkEnd, Vector, VectorLength, MaxPages;
        public ulong CategoryInverted, CategoryMask, CategoryAnyOf, ReturnMask;
    }

    [InlineArray(MaxRegions)]
    private struct Regions
    {
        private PageRegion _first;
    }
}
