using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.History;

/// <summary>Pages of a row of a map in one round.</summary>
/// <param name="Written">Pages that this round has.</param>
/// <param name="Mapped">All pages: those and the ones that are left to the parent.</param>
public readonly record struct MapCell(ulong Written, ulong Mapped);

/// <summary>A row of a map: a range of addresses, and what each round has of it.</summary>
/// <param name="Start">The first address.</param>
/// <param name="End">The address after the last.</param>
/// <param name="Name">The mapping that most of it belongs to; null where no journal says so.</param>
/// <param name="Cells">One for each round.</param>
public sealed record MapRow(ulong Start, ulong End, string? Name, MapCell[] Cells);

/// <summary>What changed where in a task's memory, in at most <see cref="MapRows.Max"/> rows.</summary>
/// <param name="Pid">The pid in the names of its images.</param>
/// <param name="Rows">By address, those without any page left out.</param>
public sealed record TaskMap(int Pid, IReadOnlyList<MapRow> Rows)
{
    private const int MaxRanges = 4096;

    /// <summary>Reads the pagemaps of a task, each twice, as streams.</summary>
    /// <param name="rounds">The images of the rounds; null where there are none.</param>
    /// <param name="pid">The task.</param>
    /// <param name="areas">Its mappings with a name, most important first.</param>
    /// <exception cref="ImageException">A pagemap is damaged.</exception>
    internal static TaskMap Of(IReadOnlyList<ImageDirectory?> rounds, int pid, IReadOnlyList<JournalArea> areas)
    {
        var mapped = new MappedRanges(MaxRanges);
        foreach (var round in rounds)
            mapped.Merge(RangesIn(round, pid));
        var named = areas.Where(area => area.Start < area.End).ToList();
        var ranges = MapRows.Of(mapped, named.Select(area => new MemoryRange(area.Start, area.End - area.Start)));
        var cells = ranges.ConvertAll(_ => new MapCell[rounds.Count]);
        for (int round = 0; round < rounds.Count; round++)
            Count(rounds[round], pid, round, ranges, cells);
        return new TaskMap(pid, [.. ranges.Zip(cells)
            .Where(row => row.Second.Any(cell => cell.Mapped > 0))
            .Select(row => new MapRow(row.First.Start, row.First.End, NameOf(row.First, named), row.Second))]);
    }

    private static MappedRanges RangesIn(ImageDirectory? round, int pid)
    {
        var ranges = new MappedRanges(MaxRanges);
        foreach (var entry in Entries(round, pid))
            ranges.Append(entry.Range(PageSize.Step));
        return ranges;
    }

    private static void Count(ImageDirectory? round, int pid, int column, List<MemoryRange> rows, List<MapCell[]> cells)
    {
        if (round is null)
            return;
        using var parts = ImageChain.OpenParts(round);
        for (int part = 0; part < parts.Count; part++)
            Count(parts[part], pid, isStripe: part > 0, column, rows, cells);
    }

    // Both are in the order of addresses, and every entry is covered by the rows. What stripes have is mapped in the round's own
    // pagemap already.
    private static void Count(
        ImageDirectory part, int pid, bool isStripe, int column, List<MemoryRange> rows, List<MapCell[]> cells)
    {
        int row = 0;
        foreach (var entry in Entries(part, pid))
        {
            var range = entry.Range(PageSize.Step);
            while (row < rows.Count && rows[row].End <= range.Start)
                row++;
            for (int i = row; i < rows.Count && rows[i].Start < range.End; i++)
            {
                ulong bytes = Math.Min(range.End, rows[i].End) - Math.Max(range.Start, rows[i].Start);
                ulong pages = PageSize.Pages(bytes);
                ref var cell = ref cells[i][column];
                cell = new MapCell(cell.Written + (entry.Flags.HasFlag(PageFlags.Present) ? pages : 0),
                    cell.Mapped + (isStripe ? 0 : pages));
            }
        }
    }

    private static IEnumerable<PagemapEntry> Entries(ImageDirectory? round, int pid)
    {
        if (round is null || !round.Has(ImageNames.Pagemap(pid)))
            yield break;
        using var pagemap = PagemapReader.Open(round, ImageNames.Pagemap(pid), PageSize.Bytes);
        while (pagemap.TryRead(out var entry))
            yield return entry;
    }

    private static string? NameOf(MemoryRange row, List<JournalArea> areas)
    {
        var best = areas.MaxBy(Overlap);
        return best is not null && Overlap(best) > 0 ? best.Name : null;

        ulong Overlap(JournalArea area) =>
            Math.Max(Math.Min(row.End, area.End), row.Start) - Math.Max(row.Start, Math.Min(row.End, area.Start));
    }
}
