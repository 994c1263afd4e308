namespace PreDump.Linux;

/// <summary>The machine's page size.</summary>
public static class PageSize
{
    /// <summary>In bytes: 4096 on x86-64.</summary>
    public static readonly int Bytes = Environment.SystemPageSize;

    /// <summary>How many whole pages <paramref name="bytes"/> make.</summary>
    public static ulong Pages(ulong bytes) => bytes / (ulong)Bytes;

    /// <summary>The next page border at or above <paramref name="bytes"/>.</summary>
    public static ulong RoundUp(ulong bytes) => (bytes + (ulong)Bytes - 1) & ~((ulong)Bytes - 1);
}
