using System.Runtime.InteropServices;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>The scan for kernels before 6.7: /proc/PID/pagemap holds a 64-bit entry per page
/// (admin-guide/mm/pagemap.rst).</summary>
internal static unsafe class ProcPagemapEntries
{
    private const ulong Present = 1UL << 63, Swapped = 1UL << 62, FileOrShared = 1UL << 61, Guard = 1UL << 58,
        SoftDirtyMark = 1UL << 55;
    private const ulong FrameMask = (1UL << 55) - 1;

    private static readonly ulong s_zeroFrame = FindZeroFrame();

    /// <summary>As <see cref="ProcPagemap.Scan"/>.</summary>
    public static int Scan(
        Fd pagemap, ref ulong position, ulong end, PageCategory category, bool anonymous, Span<MemoryRange> found)
    {
        Span<ulong> entries = stackalloc ulong[2048];
        int ranges = 0;
        ulong pageSize = PageSize.Ulong;
        // The huge zero page has the file's bit too, although no file is near.
        ulong never = Guard | (anonymous ? 0 : FileOrShared);
        while (position < end)
        {
            int want = (int)Math.Min((ulong)entries.Length, PageSize.Pages(end - position));
            var to = MemoryMarshal.AsBytes(entries[..want]);
            int got = pagemap.TryReadAt(to, position / pageSize * sizeof(ulong)) / sizeof(ulong);
            if (got <= 0) // the memory has gone
            {
                position = end;
                break;
            }
            for (int i = 0; i < got; i++, position += pageSize)
            {
                var page = new MemoryRange(position, pageSize);
                if (Takes(entries[i], category, never) && !RunMerger.TryAdd(found, ref ranges, page))
                    return ranges;
            }
        }
        return ranges;
    }

    private static bool Takes(ulong entry, PageCategory category, ulong never) =>
        (entry & (Present | Swapped)) != 0
        && (entry & never) == 0
        && ((entry & Present) == 0 || s_zeroFrame == 0 || (entry & FrameMask) != s_zeroFrame)
        && (category != PageCategory.SoftDirty || (entry & SoftDirtyMark) != 0);

    /// <summary>The zero page's frame, by the entries of two pages that were only read; 0 where there is none: some kernels give
    /// each of them a frame of its own, which soon holds another page, and that must not be left out.</summary>
    internal static ulong ZeroFrame(ulong first, ulong second) =>
        (first & second & Present) != 0 && (first & FrameMask) == (second & FrameMask) ? first & FrameMask : 0;

    // Without CAP_SYS_ADMIN frames read as 0: then zero pages can't be told from others and are taken too, which costs room and
    // harms nothing.
    private static ulong FindZeroFrame()
    {
        ulong pageSize = PageSize.Ulong;
        var pages = (byte*)mmap(null, (size_t)(2 * pageSize), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pages == MAP_FAILED)
            return 0;
        _ = Volatile.Read(ref *pages);
        _ = Volatile.Read(ref *(pages + pageSize));
        Span<ulong> entries = [0, 0];
        using (var pagemap = Fd.TryOpen("/proc/self/pagemap", O_RDONLY, out _))
            _ = pagemap?.TryReadAt(MemoryMarshal.AsBytes(entries), (ulong)pages / pageSize * sizeof(ulong));
        _ = munmap(pages, (size_t)(2 * pageSize));
        return ZeroFrame(entries[0], entries[1]);
    }
}
