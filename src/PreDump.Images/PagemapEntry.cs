using PreDump.Linux;

namespace PreDump.Images;

/// <summary>A run of pages that are kept in the same place (CRIU image format, pagemap_entry).</summary>
/// <param name="Vaddr">First address in bytes, page aligned; in a shared memory image an offset into the segment.</param>
/// <param name="NrPages">Length in pages, at least 1.</param>
/// <param name="Flags">Where the pages are.</param>
public readonly record struct PagemapEntry(ulong Vaddr, ulong NrPages, PageFlags Flags) : IRun<PagemapEntry>
{
    /// <summary>Most pages of one entry: CRIU before 4.2 can't count more.</summary>
    public const ulong MostPages = uint.MaxValue;

    /// <summary>The memory that it describes.</summary>
    /// <param name="pageSize">Bytes of a page, as in the images.</param>
    public MemoryRange Range(ulong pageSize) => new(Vaddr, NrPages * pageSize);

    /// <summary>As <see cref="IRun{TSelf}.TryJoin"/>, for pages of this machine's size, up to <see cref="MostPages"/>.</summary>
    public static bool TryJoin(ref PagemapEntry run, in PagemapEntry next)
    {
        if (run.Flags != next.Flags || run.Range(PageSize.Step).End != next.Vaddr || next.NrPages > MostPages - run.NrPages)
            return false;
        run = run with { NrPages = run.NrPages + next.NrPages };
        return true;
    }
}
