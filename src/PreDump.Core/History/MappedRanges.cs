using PreDump.Linux;

namespace PreDump.Core.History;

/// <summary>Where a task has memory, in a bounded number of ranges: when there are too many, those closest to each other
/// become one.</summary>
/// <param name="most">The maximum number of ranges, at least 2.</param>
internal sealed class MappedRanges(int most)
{
    private List<MemoryRange> _ranges = [];
    private ulong _closed; // gaps up to so many bytes are closed

    /// <summary>The ranges, ascending and disjoint.</summary>
    public IReadOnlyList<MemoryRange> Ranges => _ranges;

    /// <summary>Adds a range that begins after the start of the last one.</summary>
    public void Append(MemoryRange range)
    {
        Join(_ranges, range);
        if (_ranges.Count > most)
            Coarsen(most / 2);
    }

    /// <summary>Adds the ranges of another one.</summary>
    public void Merge(MappedRanges other)
    {
        var mine = _ranges;
        _closed = Math.Max(_closed, other._closed);
        _ranges = new List<MemoryRange>(mine.Count + other._ranges.Count);
        foreach (var range in mine.Concat(other._ranges).OrderBy(range => range.Start))
            Join(_ranges, range);
        Coarsen(most);
    }

    /// <summary>Closes the smallest gaps until no more ranges than this are left.</summary>
    public void Coarsen(int count)
    {
        if (_ranges.Count <= count)
            return;
        ulong[] gaps = [.. _ranges.Zip(_ranges.Skip(1), (range, next) => next.Start - range.End).Order()];
        _closed = Math.Max(_closed, gaps[_ranges.Count - count - 1]);
        var finer = _ranges;
        _ranges = new List<MemoryRange>(count);
        foreach (var range in finer)
            Join(_ranges, range);
    }

    private void Join(List<MemoryRange> ranges, MemoryRange next)
    {
        if (ranges.Count > 0 && ranges[^1] is var last && (next.Start <= last.End || next.Start - last.End <= _closed))
            ranges[^1] = new MemoryRange(last.Start, Math.Max(last.End, next.End) - last.Start);
        else
            ranges.Add(next);
    }
}
