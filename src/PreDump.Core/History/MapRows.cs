using PreDump.Linux;

namespace PreDump.Core.History;

/// <summary>Divides the memory of a task into the rows of a map: what is far apart is not in one row, a named area has rows of
/// its own, and what is large has several.</summary>
internal static class MapRows
{
    private const int MaxIslands = 20, MaxNamedAreas = 10;
    private const ulong LeastPagesToSplit = 1024;

    /// <summary>The largest number of rows of a map.</summary>
    public const int Max = 48;

    /// <summary>The rows, ascending and disjoint.</summary>
    /// <param name="mapped">Where the task has memory.</param>
    /// <param name="areas">Areas with a name, most important first.</param>
    public static List<MemoryRange> Of(MappedRanges mapped, IEnumerable<MemoryRange> areas)
    {
        mapped.Coarsen(MaxIslands);
        var borders = areas.Take(MaxNamedAreas).SelectMany(area => new[] { area.Start, area.End }).ToHashSet();
        List<MemoryRange> rows = [.. mapped.Ranges.SelectMany(range => Cut(range, borders))];
        while (rows.Count is > 0 and < Max)
        {
            int largest = Enumerable.Range(0, rows.Count).MaxBy(row => rows[row].Length);
            ulong pages = PageSize.Pages(rows[largest].Length);
            if (pages < LeastPagesToSplit)
                break;
            rows.InsertRange(largest + 1, Cut(rows[largest], [rows[largest].Start + PageSize.BytesOf(pages / 2)]));
            rows.RemoveAt(largest);
        }
        return rows;
    }

    private static IEnumerable<MemoryRange> Cut(MemoryRange range, IEnumerable<ulong> borders)
    {
        ulong from = range.Start;
        foreach (ulong border in borders.Where(border => border > range.Start && border < range.End).Order())
        {
            yield return new MemoryRange(from, border - from);
            from = border;
        }
        yield return new MemoryRange(from, range.End - from);
    }
}
