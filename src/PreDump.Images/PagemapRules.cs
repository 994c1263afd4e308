namespace PreDump.Images;

/// <summary>The rules for entries of a pagemap, from a file or from a peer: page aligned, not empty, ascending, disjoint, in user
/// space, and in exactly one place: here, in the parent, or lazy.</summary>
public static class PagemapRules
{
    private const ulong UserSpace = 1UL << 63; // on all architectures of CRIU the kernel's addresses are above
    private const PageFlags KnownFlags = PageFlags.Parent | PageFlags.Lazy | PageFlags.Present;

    /// <summary>What is wrong with an entry, as the start of a message; null if it is valid.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="end">The address after the previous entry.</param>
    /// <param name="pageSize">The page size in bytes, a power of two.</param>
    public static string? WhyRefused(in PagemapEntry entry, ulong end, ulong pageSize)
    {
        if ((entry.Flags & ~KnownFlags) != 0)
            return $"entry with unknown flags 0x{(uint)entry.Flags:x}";
        // CRIU's restore reads a page without flags from the pages file, which does not contain it, and a page with both flags
        // from the parent, but advances in the pages file: later pages would be read from the wrong offset. No tool writes
        // either.
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
