namespace PreDump.Linux;

/// <summary>What the lowest level of page tables maps: each is a page of 8-byte entries. mremap(2) moves whole ones, and a
/// transparent huge page takes the place of one.</summary>
public static class PageTable
{
    /// <summary>The number of pages that one page table of this machine maps: 512 on x86-64.</summary>
    public static readonly int Pages = PagesWith(PageSize.Bytes);

    /// <summary>The number of bytes that one page table of this machine maps: 2 MiB on x86-64.</summary>
    public static readonly ulong Bytes = BytesWith(PageSize.Bytes);

    /// <summary>The lowest address of those in the same page table as <paramref name="address"/>.</summary>
    public static ulong StartOf(ulong address) => address & ~(Bytes - 1);

    /// <summary>The end of the addresses in the same page table as <paramref name="address"/>.</summary>
    public static ulong EndOf(ulong address) => StartOf(address) + Bytes;

    /// <summary>The number of pages that one page table maps on a machine with pages of <paramref name="pageBytes"/>
    /// bytes.</summary>
    public static int PagesWith(int pageBytes) => pageBytes / sizeof(ulong);

    /// <summary>The number of bytes that one page table maps there: 32 MiB with pages of 16 KiB, 512 MiB with pages of
    /// 64 KiB.</summary>
    public static ulong BytesWith(int pageBytes) => (ulong)PagesWith(pageBytes) * (ulong)pageBytes;
}
