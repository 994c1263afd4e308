namespace PreDump.Linux;

/// <summary>The kind of pages that a scan of page tables looks for.</summary>
public enum PageCategory
{
    /// <summary>Anonymous pages, in memory or in swap. Not clean file pages, guard pages, or the zero page; the huge zero page is
    /// included, because kernels before <see cref="PagemapScan"/> can't distinguish it.</summary>
    Anonymous,

    /// <summary>Anonymous pages that were written since the last soft-dirty reset, and the zero page: it may have replaced other
    /// contents, because freeing memory (MADV_DONTNEED) and reading it again sets no soft-dirty bit.</summary>
    SoftDirty,

    /// <summary>Every page of the range; the page tables are not read.</summary>
    All,
}
