namespace PreDump.Linux;

/// <summary>The machine's page size.</summary>
public static class PageSize
{
    /// <summary>The page size in bytes: 4096 on x86-64.</summary>
    public static readonly int Bytes = Environment.SystemPageSize;

    /// <summary>The page size in bytes, in the type of addresses and lengths.</summary>
    public static readonly ulong Ulong = (ulong)Bytes;

    /// <summary>The number of complete pages in <paramref name="bytes"/>.</summary>
    public static ulong Pages(ulong bytes) => bytes / Ulong;

    /// <summary>The size in bytes of <paramref name="pages"/>.</summary>
    public static ulong BytesOf(ulong pages) => pages * Ulong;

    /// <summary>Rounds <paramref name="bytes"/> up to a multiple of the page size.</summary>
    public static ulong RoundUp(ulong bytes) => (bytes + Ulong - 1) & ~(Ulong - 1);
}
