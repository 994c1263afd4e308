namespace PreDump.Linux;

/// <summary>The machine's page size.</summary>
public static class PageSize
{
    /// <summary>The page size in bytes: 4096 on x86-64.</summary>
    public static readonly int Bytes = Environment.SystemPageSize;

    /// <summary>The page size in bytes, for sums with addresses and lengths.</summary>
    public static readonly ulong Step = (ulong)Bytes;

    /// <summary>The number of complete pages in <paramref name="bytes"/>.</summary>
    public static ulong Pages(ulong bytes) => bytes / Step;

    /// <summary>The size in bytes of <paramref name="pages"/>.</summary>
    public static ulong BytesOf(ulong pages) => pages * Step;

    /// <summary>Rounds <paramref name="bytes"/> up to a multiple of the page size.</summary>
    public static ulong RoundUp(ulong bytes) => (bytes + Step - 1) & ~(Step - 1);
}
