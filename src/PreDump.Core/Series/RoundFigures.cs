using PreDump.Core.Copying;
using PreDump.Core.Tracking;
using PreDump.Linux;

namespace PreDump.Core.Series;

/// <summary>One round of a series, in figures.</summary>
/// <param name="Number">Its number, which is its directory's name.</param>
/// <param name="Parent">The number of the round that it is built upon; null: it is a full one.</param>
/// <param name="FrozenAt">When the tree was frozen.</param>
/// <param name="Interval">The time since the freeze of its parent; null for a full round, or if another call made it.</param>
/// <param name="Summary">What it did.</param>
/// <param name="Look">What was written since its freeze.</param>
/// <param name="Estimate">For how long a final dump would stop the tree now.</param>
public sealed record RoundFigures(int Number, int? Parent, DateTimeOffset FrozenAt, TimeSpan? Interval, Summary Summary,
    DirtyLook Look, StopEstimate Estimate)
{
    /// <summary>Pages that were written to since the parent's freeze; null in a full round.</summary>
    public ulong? DirtyPages => Parent is null ? null : Summary.PagesWritten + Summary.PagesUnchanged;

    /// <summary>These pages per second; null where it is not known.</summary>
    public double? DirtyRate => Interval is { } time && DirtyPages is { } pages ? pages / time.TotalSeconds : null;

    /// <summary>Bytes per second that were written or compared.</summary>
    public double CopyRate => PageSize.BytesOf(Summary.PagesWritten + Summary.PagesUnchanged)
        / Math.Max(Summary.Copying.TotalSeconds, 0.000_001);

    /// <summary>The mappings of which most pages were written, most first.</summary>
    /// <param name="count">At most so many.</param>
    public IEnumerable<ChangedArea> MostChanged(int count) => Look.Areas.OrderByDescending(area => area.DirtyPages).Take(count);
}
