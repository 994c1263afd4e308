using PreDump.Core.Copying;
using PreDump.Core.Tracking;

namespace PreDump.Core.Series;

/// <summary>For how long a final dump would stop the tree if it were begun at once.</summary>
/// <param name="Base">The part that does not depend on what was written.</param>
/// <param name="Memory">The copy of the pages that were written.</param>
/// <param name="Pages">The number of these pages, those that will be written until criu freezes the tree included.</param>
/// <param name="IsMeasured">Whether criu's costs were measured on this machine.</param>
public sealed record StopEstimate(TimeSpan Base, TimeSpan Memory, ulong Pages, bool IsMeasured)
{
    // criu looks at the same page tables as a round does, and resets the tracking, too; before 4.0 by a slower way.
    private const double LooksAsLongAs = 2;

    /// <summary>All of it.</summary>
    public TimeSpan Stop => Base + Memory;

    /// <summary>The estimate after a round.</summary>
    /// <param name="cost">What a dump costs.</param>
    /// <param name="perSentPage">What a page costs in addition, on its way to a page server; null: there is none.</param>
    /// <param name="round">The round's figures.</param>
    /// <param name="look">What was written since its freeze.</param>
    /// <param name="sinceFreeze">How long that is ago.</param>
    /// <param name="isLimited">Whether the rate of the round's copy was limited, as criu's is not.</param>
    /// <param name="isCorked">Whether criu's cork will hold up the end of a connection to a page server.</param>
    public static StopEstimate Of(DumpCost cost, TimeSpan? perSentPage, Summary round, DirtyLook look, TimeSpan sinceFreeze,
        bool isLimited = false, bool isCorked = true)
    {
        // By content criu reads all memory while the tree stands still, and each page is compared.
        if (round.Tracking == TrackingMethod.Content)
            return new StopEstimate(
                cost.Fixed(look.Tasks) + cost.PerPage * round.PagesScanned + (isLimited ? round.Comparing : round.Copying),
                TimeSpan.Zero, round.PagesScanned, cost.IsMeasured);
        double rate = look.Pages / Math.Max(sinceFreeze.TotalSeconds, 0.001);
        // What is written at such a rate is soon the same memory again.
        double pages = Math.Max(look.Pages, Math.Min(look.Pages + rate * cost.Lead.TotalSeconds, look.ResidentPages));
        var disconnecting = perSentPage is not null && isCorked ? DumpCost.Disconnecting : TimeSpan.Zero;
        return new StopEstimate(cost.Fixed(look.Tasks) + round.Frozen * LooksAsLongAs + disconnecting,
            (cost.PerPage + (perSentPage ?? TimeSpan.Zero)) * pages, (ulong)pages, cost.IsMeasured);
    }
}
