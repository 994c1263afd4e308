namespace PreDump.Images;

/// <summary>What holds of the entries of a pagemap, whether they come from a file or from a peer: page aligned, not empty,
/// ascending, disjoint, in user space, and in one place: here, in the parent, or lazy.</summary>
public static class PagemapRules
{
    private const ulong UserSpace = 1UL << 63; // on every machine that CRIU runs on the kernel is above
    private const PageFlags KnownFlags = PageFlags.Parent | PageFlags.Lazy | PageFlags.Present;

    /// <summary>What is wrong with an entry; null: nothing.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="end">Where the one before ends, in bytes.</param>
    /// <param name="pageSize">In bytes, a power of two.</param>
    public static string? WhyRefused(in PagemapEntry entry, ulong end, ulong pageSize)
    {
        if ((entry.Flags & ~KnownFlags) != 0)
            return $"entry with unknown flags 0x{(uint)entry.Flags:x}";
        // CRIU's restore reads a page of no flags from a pages file that has no room for it, and one of both from the parent,
        // but counts its bytes here: what follows would be read from the wrong place. Neither is ever written.
        if (entry.Flags == 0)
            return "entry without flags: its pages are nowhere,";
        if (entry.Flags.HasFlag(PageFlags.Present | PageFlags.Parent))
            return $"entry with flags 0x{(uint)entry.Flags:x}: its pages are here and in the parent,";
        if (entry.NrPages == 0)
            return "entry of no pages";
        if (entry.Vaddr % pageSize != 0)
            return $"entry at 0x{entry.Vaddr:x}, which is inside a page,";
        if (entry.Vaddr > UserSpace || entry.NrPages > (UserSpace - entry.Vaddr) / pageSize)
            return $"entry of {entry.NrPages} pages at 0x{entry.Vaddr:x}, beyond user space,";
        if (entry.Vaddr < end)
            return $"entry at 0x{entry.Vaddr:x}, before the end of the last one (0x{end:x}),";
        return null;
    }
}
