using System.Runtime.InteropServices;
using Tmds.Linux;
using static PreDump.Linux.PagemapBits;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>The scan for kernels before 6.7, which reads the <see cref="PagemapBits"/> of every page.</summary>
internal static unsafe class ProcPagemapEntries
{
    private const ulong MaxAtOnce = 256 * 1024; // pages; a few milliseconds

    private static readonly ulong s_zeroFrame = FindZeroFrame();

    /// <summary>Finds the next pages; the contract is that of <see cref="ProcPagemap.Scan"/>.</summary>
    public static int Scan(
        Fd pagemap, ref ulong position, ulong end, PageCategory category, bool anonymous, Span<MemoryRange> found)
    {
        Span<ulong> entries = stackalloc ulong[2048];
        int ranges = 0;
        ulong zeroFrame = s_zeroFrame; // found out by the first call, even if that finds no page
        ulong pageSize = PageSize.Step;
        // The huge zero page has FileOrShared set even in anonymous memory. CRIU dumps it.
        ulong excluded = Guard | (anonymous ? 0 : FileOrShared);
        end = Math.Min(end, position + PageSize.BytesOf(MaxAtOnce));
        while (position < end)
        {
            int want = (int)Math.Min((ulong)entries.Length, PageSize.Pages(end - position));
            int bytes = pagemap.TryReadAt(MemoryMarshal.AsBytes(entries[..want]), position / pageSize * sizeof(ulong));
            int got = bytes / sizeof(ulong);
            if (got <= 0) // the memory has gone
            {
                position = end;
                break;
            }
            for (int i = 0; i < got; i++, position += pageSize)
            {
                if (entries[i] == 0) // reserved space has many of these
                {
                    int next = entries[i..got].IndexOfAnyExcept(0UL);
                    int skipped = (next < 0 ? got - i : next) - 1;
                    i += skipped;
                    position += PageSize.BytesOf((ulong)skipped);
                }
                else if (Matches(entries[i], category, excluded, zeroFrame)
                    && !RunMerger.TryAdd(found, ref ranges, new MemoryRange(position, pageSize)))
                    return ranges;
            }
        }
        return ranges;
    }

    private static bool Matches(ulong entry, PageCategory category, ulong excluded, ulong zeroFrame) =>
        (entry & (Present | Swapped)) != 0
        && (entry & excluded) == 0
        && ((entry & Present) == 0 || zeroFrame == 0 || (entry & Location) != zeroFrame)
        && (category != PageCategory.SoftDirty || (entry & SoftDirtyMark) != 0);

    /// <summary>The zero page's frame, derived from the entries of two pages that were only read. 0 if they differ: some kernels
    /// give each such page a frame of its own, which is later reused for an ordinary page and must not be excluded.</summary>
    internal static ulong ZeroFrame(ulong first, ulong second) =>
        (first & second & Present) != 0 && (first & Location) == (second & Location) ? first & Location : 0;

    // Without CAP_SYS_ADMIN frames read as 0. Zero pages are then copied like others, which costs space but is harmless.
    private static ulong FindZeroFrame()
    {
        ulong pageSize = PageSize.Step;
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
