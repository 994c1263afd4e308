namespace PreDump.Images;

/// <summary>A run of pages that are kept in the same place (CRIU image format, pagemap_entry).</summary>
/// <param name="Vaddr">First address in bytes, page aligned; in a shared memory image an offset into the segment.</param>
/// <param name="NrPages">Length in pages, at least 1.</param>
/// <param name="Flags">Where the pages are.</param>
public readonly record struct PagemapEntry(ulong Vaddr, ulong NrPages, PageFlags Flags);
