using System.Runtime.InteropServices;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>The scan for kernels before 6.7: /proc/PID/pagemap holds a 64-bit entry per page (admin-guide/mm/pagemap.rst).</summary>
internal static unsafe class PagemapEntries
{
    private const ulong Present = 1UL << 63, Swapped = 1UL << 62, FileOrShared = 1UL << 61, Guard = 1UL << 58, SoftDirtyMark = 1UL << 55;
    private const ulong FrameMask = (1UL << 55) - 1;

    private static readonly ulong s_zeroFrame = FindZeroFrame();

    /// <summary>As <see cref="Pagemap.Scan"/>.</summary>
    public static int Scan(Fd pagemap, ref ulong position, ulong end, PageFilter filter, bool anonymous, Span<MemoryRange> found)
    {
        Span<ulong> entries = stackalloc ulong[2048];
        int ranges = 0;
        ulong pageSize = (ulong)PageSize.Bytes;
        // The huge zero page has the file's bit too, although no file is near; CRIU takes it.
        ulong never = Guard | (anonymous ? 0 : FileOrShared);
        while (position < end)
        {
            int want = (int)Math.Min((ulong)entries.Length, PageSize.Pages(end - position));
            int got = pagemap.TryReadAt(MemoryMarshal.AsBytes(entries[..want]), position / pageSize * sizeof(ulong)) / sizeof(ulong);
            if (got <= 0) // the memory has gone
            {
                position = end;
                break;
            }
            for (int i = 0; i < got; i++, position += pageSize)
            {
                if (!Takes(entries[i], filter, never))
                    continue;
                if (ranges > 0 && found[ranges - 1].End == position)
                    found[ranges - 1] = new MemoryRange(found[ranges - 1].Start, found[ranges - 1].Length + pageSize);
                else if (ranges < found.Length)
                    found[ranges++] = new MemoryRange(position, pageSize);
                else
                    return ranges;
            }
        }
        return ranges;
    }

    private static bool Takes(ulong entry, PageFilter filter, ulong never) =>
        (entry & (Present | Swapped)) != 0
        && (entry & never) == 0
        && ((entry & Present) == 0 || s_zeroFrame == 0 || (entry & FrameMask) != s_zeroFrame)
        && (filter != PageFilter.Dirty || (entry & SoftDirtyMark) != 0);

    // A page of anonymous memory that was only read is the zero page. Without CAP_SYS_ADMIN frames read as 0: then zero pages
    // can't be told from others and are taken too, which costs room and harms nothing.
    private static ulong FindZeroFrame()
    {
        void* page = mmap(null, (size_t)(ulong)PageSize.Bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
            return 0;
        _ = Volatile.Read(ref *(byte*)page);
        ulong entry = 0;
        using (var pagemap = Fd.TryOpen("/proc/self/pagemap", O_RDONLY, out _))
            _ = pagemap?.TryReadAt(MemoryMarshal.AsBytes(new Span<ulong>(ref entry)), (ulong)page / (ulong)PageSize.Bytes * sizeof(ulong));
        _ = munmap(page, (size_t)(ulong)PageSize.Bytes);
        return entry & FrameMask;
    }
}
