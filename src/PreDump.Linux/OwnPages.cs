using System.Runtime.InteropServices;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>What the kernel says of pages of our own: what it does with others' is tried on them.</summary>
internal static unsafe class OwnPages
{
    /// <summary>A page's entry in our own pagemap (admin-guide/mm/pagemap.rst); 0 where it can't be read.</summary>
    public static ulong Entry(void* page)
    {
        ulong entry = 0;
        using var pagemap = Fd.TryOpen("/proc/self/pagemap", O_RDONLY, out _);
        _ = pagemap?.TryReadAt(MemoryMarshal.AsBytes(new Span<ulong>(ref entry)), (ulong)page / PageSize.Ulong * sizeof(ulong));
        return entry;
    }
}
