namespace PreDump.Linux;

/// <summary>The bits of an entry of /proc/PID/pagemap, one 64-bit entry per page:
/// <code>
///   63       62       61       60..59  58     57  56         55          54..0
///   present  swapped  file or  -       guard  -   exclusive  soft-dirty  page frame number, or swap type and offset
///                     shared
/// </code>
/// See Documentation/admin-guide/mm/pagemap.rst.</summary>
internal static class PagemapBits
{
    /// <summary>The page is in memory.</summary>
    public const ulong Present = 1UL << 63;

    /// <summary>The page is in swap.</summary>
    public const ulong Swapped = 1UL << 62;

    /// <summary>The page belongs to a file or to shared anonymous memory.</summary>
    public const ulong FileOrShared = 1UL << 61;

    /// <summary>The page is a guard: accessing it is a fault (MADV_GUARD_INSTALL).</summary>
    public const ulong Guard = 1UL << 58;

    /// <summary>No other process maps the page.</summary>
    public const ulong Exclusive = 1UL << 56;

    /// <summary>The page was written since the last reset.</summary>
    public const ulong SoftDirtyMark = 1UL << 55;

    /// <summary>The page frame number, or the swap type and offset; 0 without CAP_SYS_ADMIN.</summary>
    public const ulong Location = (1UL << 55) - 1;
}
