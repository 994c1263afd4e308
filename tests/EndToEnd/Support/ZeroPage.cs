using System.Runtime.InteropServices;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>
/// The zero page, which is mapped wherever anonymous memory was only read. Some kernels have none (pvm_no_zero_page=1);
/// there such memory gets pages of its own, which are content like any other.
/// </summary>
internal static unsafe class ZeroPage
{
    private const ulong Present = 1UL << 63;
    private const ulong FrameNumber = (1UL << 55) - 1;

    private static readonly Lazy<ulong?> s_found = new(Find);

    /// <summary>Its frame number, or null if this kernel has none. Only root may see it.</summary>
    public static ulong? Frame => s_found.Value;

    // Two pages of new memory must have the same frame. (Memory from malloc may have been written to before.)
    private static ulong? Find()
    {
        var fresh = (byte*)mmap(null, (size_t)(2 * Mapping.PageSize), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        try
        {
            _ = Volatile.Read(ref *fresh);
            _ = Volatile.Read(ref *(fresh + Mapping.PageSize));
            Span<ulong> entries = [0, 0];
            using var pagemap = File.OpenHandle("/proc/self/pagemap", share: FileShare.ReadWrite);
            Oracle.ReadWhole(pagemap, MemoryMarshal.AsBytes(entries), (ulong)fresh / Mapping.PageSize * sizeof(ulong));
            foreach (var entry in entries)
                if ((entry & Present) == 0 || (entry & FrameNumber) == 0)
                    throw new InvalidOperationException($"page frames are not to be seen: {entry:x}");
            return (entries[0] & FrameNumber) == (entries[1] & FrameNumber) ? entries[0] & FrameNumber : null;
        }
        finally
        {
            _ = munmap(fresh, (size_t)(2 * Mapping.PageSize));
        }
    }
}
