using PreDump.Linux;

namespace PreDump.Images;

/// <summary>A run of pages that are stored in the same place (CRIU image format, pagemap_entry).</summary>
/// <param name="Vaddr">The first page's address; in a shared memory image, its offset in the segment.</param>
/// <param name="NrPages">The number of pages, at least 1.</param>
/// <param name="Flags">Where the pages are.</param>
public readonly record struct PagemapEntry(ulong Vaddr, ulong NrPages, PageFlags Flags) : IRun<PagemapEntry>
{
    /// <summary>The maximum number of pages of one entry, which CRIU before 4.2 counts in 32 bits.</summary>
    public const ulong MaxPages = uint.MaxValue;

    /// <summary>The memory that the entry describes.</summary>
    /// <param name="pageSize">The page size of the images in bytes.</param>
    public MemoryRange Range(ulong pageSize) => new(Vaddr, NrPages * pageSize);

    /// <summary>Extends an entry by the next one (<see cref="IRun{TSelf}.TryJoin"/>), up to <see cref="MaxPages"/>. Assumes this
    /// machine's page size.</summary>
    public static bool TryJoin(ref PagemapEntry run, in PagemapEntry next)
    {
        if (run.Flags != next.Flags || run.Range(PageSize.Step).End != next.Vaddr || next.NrPages > MaxPages - run.NrPages)
            return false;
        run = run with { NrPages = run.NrPages + next.NrPages };
        return true;
    }
}
