namespace PreDump.Linux;

/// <summary>The machine's page size.</summary>
public static class PageSize
{
    /// <summary>In bytes: 4096 on x86-64.</summary>
    public static readonly int Bytes = Environment.SystemPageSize;

    /// <summary>The same, for addresses and lengths of memory.</summary>
    public static readonly ulong Ulong = (ulong)Bytes;

    /// <summary>How many whole pages <paramref name="bytes"/> make.</summary>
    public static ulong Pages(ulong bytes) => bytes / Ulong;

    /// <summary>How many bytes <paramref name="pages"/> have.</summary>
    public static ulong BytesOf(ulong pages) => pages * Ulong;

    /// <summary>The next page border at or above <paramref name="bytes"/>.</summary>
    public static ulong RoundUp(ulong bytes) => (bytes + Ulong - 1) & ~(Ulong - 1);
}
