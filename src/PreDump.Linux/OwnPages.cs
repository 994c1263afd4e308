using System.Runtime.InteropServices;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Reads predump's own pagemap, for tests of what the kernel shows there.</summary>
internal static unsafe class OwnPages
{
    /// <summary>The pagemap entry (<see cref="PagemapBits"/>) of a page of predump's; 0 if it can't be read, and the errno in
    /// <paramref name="error"/>.</summary>
    public static ulong Entry(void* page, out int error)
    {
        ulong entry = 0, offset = (ulong)page / PageSize.Step * sizeof(ulong);
        using var pagemap = Fd.TryOpen("/proc/self/pagemap", O_RDONLY, out error);
        if (pagemap is not null && pagemap.TryReadAt(MemoryMarshal.AsBytes(new Span<ulong>(ref entry)), offset) < 0)
            error = errno;
        return entry;
    }
}
