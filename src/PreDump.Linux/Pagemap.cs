using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Which pages a scan is to find, all of them present or swapped, none the zero page, a guard or a clean file page. The
/// huge zero page is found: CRIU without PAGEMAP_SCAN (3.17) knows only the small one, and expects the other in the parent.</summary>
public enum PageFilter
{
    /// <summary>All such pages.</summary>
    Present,

    /// <summary>Only those written since the last reset (soft-dirty); and the huge zero page, which may stand where the parent
    /// has other bytes, since giving memory back and reading it again marks nothing.</summary>
    Dirty,

    /// <summary>Every page that is there in whatever way: for the vdso, whose pages CRIU takes unconditionally.</summary>
    Any,
}

/// <summary>A task's page tables, as /proc/PID/pagemap shows them (admin-guide/mm/pagemap.rst): by the PAGEMAP_SCAN ioctl where the
/// kernel has it (6.7), else entry by entry. Both bind to the memory that the task had when the file was opened.</summary>
public sealed unsafe class Pagemap(Fd fd) : IDisposable
{
    /// <summary>Opens a task's pagemap.</summary>
    public static Pagemap Open(int tid) => new(Fd.Open(ProcFs.Path(tid, "pagemap"), O_RDONLY));

    /// <summary>Finds the next pages in [<paramref name="position"/>, <paramref name="end"/>): fills <paramref name="found"/> with
    /// ranges that ascend, moves the position behind what was looked at, and returns how many ranges there are. 0 with the
    /// position at the end: nothing more.</summary>
    /// <param name="position">Where to begin, in bytes; moved.</param>
    /// <param name="end">Where to end.</param>
    /// <param name="filter">Which pages.</param>
    /// <param name="anonymous">No file is mapped there, so that no page can be a file's.</param>
    /// <param name="found">Takes the ranges.</param>
    public int Scan(ref ulong position, ulong end, PageFilter filter, bool anonymous, Span<MemoryRange> found)
    {
        if (filter == PageFilter.Any)
        {
            found[0] = new MemoryRange(position, end - position);
            position = end;
            return 1;
        }
        return Kernel.HasScan(filter)
            ? ScanByIoctl(ref position, end, filter, found)
            : PagemapEntries.Scan(fd, ref position, end, filter, anonymous, found);
    }

    /// <summary>Reads raw entries, one per page, from the page at <paramref name="start"/> on; returns how many.</summary>
    public int ReadEntries(Span<ulong> entries, ulong start) =>
        Math.Max(0, fd.TryReadAt(MemoryMarshal.AsBytes(entries), start / (ulong)PageSize.Bytes * sizeof(ulong))) / sizeof(ulong);

    /// <inheritdoc/>
    public void Dispose() => fd.Dispose();

    /// <summary>struct page_region of linux/fs.h: a range and what its pages have in common.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PageRegion
    {
        public ulong Start, End, Categories;
    }

    /// <summary>struct pm_scan_arg of linux/fs.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ScanArgument
    {
        public ulong Size, Flags, Start, End, WalkEnd, Vector, VectorLength, MaxPages;
        public ulong CategoryInverted, CategoryMask, CategoryAnyOf, ReturnMask;
    }

    [InlineArray(256)]
    private struct Regions
    {
        private PageRegion _first;
    }

    private const ulong File = 1 << 2, Present = 1 << 3, Swapped = 1 << 4, PfnZero = 1 << 5, Huge = 1 << 6, SoftDirtyMark = 1 << 7, Guard = 1 << 8;
    private const int PAGEMAP_SCAN = unchecked((int)0xC0606610); // _IOWR('f', 16, struct pm_scan_arg)

    // Regions are split where the returned categories differ, so as few as possible are asked for.
    private int ScanByIoctl(ref ulong position, ulong end, PageFilter filter, Span<MemoryRange> found)
    {
        Regions regions;
        var argument = Filtered(filter, Kernel.HasGuardCategory);
        argument.Start = position;
        argument.End = end;
        argument.Vector = (ulong)&regions;
        argument.VectorLength = (ulong)Math.Min(256, found.Length);
        int count = ioctl(fd.Number, PAGEMAP_SCAN, &argument);
        if (count < 0)
        {
            if (errno == ESRCH || errno == EFAULT) // the memory has gone
            {
                position = end;
                return 0;
            }
            throw fd.Failed("ioctl", $"{fd.Path}, PAGEMAP_SCAN");
        }
        position = Math.Max(argument.WalkEnd, position);
        int ranges = 0;
        for (int i = 0; i < count; i++)
        {
            var region = ((PageRegion*)&regions)[i];
            if ((region.Categories & (PfnZero | Huge | SoftDirtyMark)) == PfnZero) // a small zero page that nobody wrote to
                continue;
            if (ranges > 0 && found[ranges - 1].End == region.Start)
                found[ranges - 1] = new MemoryRange(found[ranges - 1].Start, region.End - found[ranges - 1].Start);
            else
                found[ranges++] = new MemoryRange(region.Start, region.End - region.Start);
        }
        return ranges;
    }

    private static ScanArgument Filtered(PageFilter filter, bool guard)
    {
        ulong never = File | (guard ? Guard : 0);
        return new ScanArgument
        {
            Size = (ulong)sizeof(ScanArgument),
            CategoryInverted = never,
            CategoryMask = never,
            CategoryAnyOf = filter == PageFilter.Dirty ? SoftDirtyMark | PfnZero : Present | Swapped,
            ReturnMask = filter == PageFilter.Dirty ? SoftDirtyMark | PfnZero | Huge : PfnZero | Huge,
        };
    }

    /// <summary>What this kernel's PAGEMAP_SCAN knows, tried out once on a page of our own.</summary>
    public static class Kernel
    {
        private static readonly bool s_present, s_dirty;

        static Kernel()
        {
            using var page = new NativeBuffer(1);
            using var pagemap = Fd.TryOpen("/proc/self/pagemap", O_RDONLY, out _);
            if (pagemap is null || Environment.GetEnvironmentVariable("PREDUMP_NO_PAGEMAP_SCAN") == "1")
                return;
            HasGuardCategory = Try(pagemap, page, PageFilter.Present, guard: true);
            s_present = Try(pagemap, page, PageFilter.Present, HasGuardCategory);
            s_dirty = Try(pagemap, page, PageFilter.Dirty, HasGuardCategory); // some 6.7.x lack the soft-dirty category
        }

        /// <summary>Since 6.15: before, guard pages look like swapped ones that can't be read.</summary>
        public static bool HasGuardCategory { get; }

        /// <summary>Whether a scan can filter so.</summary>
        public static bool HasScan(PageFilter filter) => filter == PageFilter.Dirty ? s_dirty : s_present;

        private static bool Try(Fd pagemap, NativeBuffer page, PageFilter filter, bool guard)
        {
            fixed (byte* p = page.Span)
            {
                PageRegion region;
                var argument = Filtered(filter, guard);
                argument.Start = (ulong)p;
                argument.End = (ulong)p + (ulong)PageSize.Bytes;
                argument.Vector = (ulong)&region;
                argument.VectorLength = 1;
                return ioctl(pagemap.Number, PAGEMAP_SCAN, &argument) >= 0;
            }
        }
    }
}
