using PreDump.Core.Series;

namespace PreDump.Series;

/// <summary>Shows a series while it grows.</summary>
internal interface ISeriesOutput
{
    /// <summary>A round is complete.</summary>
    void Round(RoundFigures round);

    /// <summary>No more rounds are made.</summary>
    void Ended(SeriesEnd end);

    /// <summary>The final dump is complete.</summary>
    void Dump(FinalFigures dump);
}

/// <summary>How the rounds of a series ended.</summary>
/// <param name="Verdict">The verdict.</param>
/// <param name="Reason">Why, for people.</param>
/// <param name="Last">The last round.</param>
/// <param name="Directory">Its directory.</param>
/// <param name="MaxDowntime">The stop that is allowed.</param>
internal sealed record SeriesEnd(Verdict Verdict, string Reason, RoundFigures Last, string Directory, TimeSpan MaxDowntime);
