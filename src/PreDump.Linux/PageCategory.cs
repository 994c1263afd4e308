namespace PreDump.Linux;

/// <summary>What a scan of page tables looks for.</summary>
public enum PageCategory
{
    /// <summary>Anonymous pages, in memory or in swap: no clean page of a file, no guard, and not the zero page. The huge zero
    /// page counts as one, because before <see cref="PagemapScan"/> nothing told it from others.</summary>
    Anonymous,

    /// <summary>Those of them that were written to since the last reset of their soft-dirty bits; and the huge zero page, which
    /// may stand where something else was: giving memory back and reading it again marks nothing.</summary>
    SoftDirty,

    /// <summary>Every page of a range, unseen.</summary>
    All,
}
