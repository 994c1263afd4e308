namespace PreDump.Core.History;

/// <summary>A part of the memory, and how much of it was written in all rounds with a parent.</summary>
/// <param name="Pid">The task.</param>
/// <param name="Name">The mapping; "" for anonymous memory; null where no journal says so.</param>
/// <param name="Start">The first address.</param>
/// <param name="End">The address after the last.</param>
/// <param name="PagesWritten">Pages, those of each round added.</param>
public sealed record ChangedArea(ulong Pid, string? Name, ulong Start, ulong End, ulong PagesWritten)
{
    /// <summary>The areas of a journal, most written first; each has one entry, as large as it ever was.</summary>
    internal static List<ChangedArea> Of(IEnumerable<JournalRound> rounds) => [.. rounds
        .Where(round => round.ParentDirectory is not null) // a first round has everything
        .SelectMany(round => round.Areas)
        .GroupBy(area => (area.Pid, area.Name, area.Start))
        .Select(same => new ChangedArea(same.Key.Pid, same.Key.Name, same.Key.Start, same.Max(area => area.End),
            same.Aggregate(0UL, (sum, area) => sum + area.PagesWritten)))
        .OrderByDescending(area => area.PagesWritten)];

    /// <summary>The rows of maps, most written first.</summary>
    /// <param name="maps">The maps.</param>
    /// <param name="hasParent">For each round whether it has a parent.</param>
    internal static List<ChangedArea> Of(IEnumerable<TaskMap> maps, IReadOnlyList<bool> hasParent) => [.. maps
        .SelectMany(map => map.Rows.Select(row => new ChangedArea((ulong)map.Pid, row.Name, row.Start, row.End,
            row.Cells.Zip(hasParent).Where(cell => cell.Second).Aggregate(0UL, (sum, cell) => sum + cell.First.Written))))
        .Where(area => area.PagesWritten > 0)
        .OrderByDescending(area => area.PagesWritten)];
}
