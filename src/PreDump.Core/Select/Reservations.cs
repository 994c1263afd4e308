using PreDump.Linux;

namespace PreDump.Core.Select;

/// <summary>Address space that a task has reserved and does not use, as sanitizers, garbage collectors and allocators do. It
/// costs nothing where PAGEMAP_SCAN finds pages; entry by entry, a TiB takes seconds.</summary>
public static class Reservations
{
    private const ulong MinBytes = 1UL << 30;

    /// <summary>Whether this kernel's page tables must be read entry by entry.</summary>
    public static bool MayMatter =>
        !(PagemapScan.Supports(PageCategory.Anonymous) && PagemapScan.Supports(PageCategory.SoftDirty));

    /// <summary>Whether they must be read so, and the task has reserved much more than it uses.</summary>
    /// <param name="maps">The task's raw maps.</param>
    /// <param name="usedBytes">About how much memory the task uses, in bytes.</param>
    public static bool Matter(ReadOnlySpan<byte> maps, ulong usedBytes)
    {
        if (!MayMatter)
            return false;
        ulong bytes = 0;
        var reader = new MapsReader(maps);
        while (reader.TryRead(out var vma))
            bytes += vma.Shared ? 0 : vma.End - vma.Start;
        return bytes > MinBytes && bytes / 2 > usedBytes;
    }
}
