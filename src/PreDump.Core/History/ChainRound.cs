using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.History;

/// <summary>A round, or the final dump at the end: what its images say, and what the journal says of it.</summary>
/// <param name="Name">The directory's name.</param>
/// <param name="HasParent">Whether it is built upon another one.</param>
/// <param name="IsFinalDump">Whether criu can restore it.</param>
/// <param name="PagesWritten">Pages in the images.</param>
/// <param name="PagesInParent">Pages that are left to the parent.</param>
/// <param name="Time">When the tree was frozen, or else when the images were completed; null: not known.</param>
/// <param name="IntervalMicroseconds">From the freeze of the round before to this one; null in a first round, and where nothing
/// says so.</param>
/// <param name="Stats">Its stats-dump; null: there is none next to the images.</param>
/// <param name="Journal">The journal's line; null: there is none.</param>
/// <param name="Dump">The journal's line about the final dump; null: this is none, or there is no such line.</param>
public sealed record ChainRound(string Name, bool HasParent, bool IsFinalDump, ulong PagesWritten, ulong PagesInParent,
    DateTimeOffset? Time, ulong? IntervalMicroseconds, DumpStats? Stats, JournalRound? Journal, JournalDump? Dump)
{
    /// <summary>Pages that were written to since the round before: the journal knows those that were left to the parent because
    /// their bytes were the same. Null in a first round.</summary>
    public ulong? PagesDirty => HasParent ? Math.Max(Journal?.PagesDirty ?? PagesWritten, PagesWritten) : null;

    /// <summary>The same in pages a second.</summary>
    public double? DirtyRate => Journal?.DirtyRate
        ?? (IntervalMicroseconds is > 0 and { } interval ? PagesDirty * 1e6 / interval : null);

    /// <summary>For how long the tree stood still, from the first interrupt on, in microseconds; of a final dump this is the
    /// stop.</summary>
    public ulong? StopMicroseconds => Dump?.StopMicroseconds ?? Journal?.FreezingMicroseconds + Journal?.FrozenMicroseconds
        ?? (ulong?)Stats?.FreezingMicroseconds + Stats?.FrozenMicroseconds;

    /// <summary>The bytes of a number of pages.</summary>
    public static double BytesOf(ulong pages) => pages * (double)PageSize.Bytes;
}
