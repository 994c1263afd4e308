using PreDump.Linux;
using static System.FormattableString;

namespace PreDump.Core.Series;

/// <summary>When a series of rounds ends.</summary>
public enum Verdict
{
    /// <summary>A final dump would stop the tree no longer than is allowed.</summary>
    Converged,

    /// <summary>Another round would not help.</summary>
    NotConverging,

    /// <summary>As many rounds as are allowed were made.</summary>
    MaxRounds,
}

/// <summary>Decides whether another round is worth it. Each round leaves what is written while it copies; that shrinks from round
/// to round as long as pages are copied faster than they are written.</summary>
/// <param name="MaxDowntime">The stop that is allowed.</param>
/// <param name="MaxRounds">The number of rounds that are allowed.</param>
public sealed record Convergence(TimeSpan MaxDowntime, int MaxRounds)
{
    // Where the memory is such a part of criu's own share, another round gains nothing that anybody would notice.
    private const double IsLittle = 0.1;

    // A round that leaves more than this part of what the one before left does not help; two of them in a row are no accident.
    private const double Helps = 0.9;
    private const int Patience = 2;

    /// <summary>The verdict after a round; null: make another one.</summary>
    /// <param name="rounds">The rounds of this call, in their order.</param>
    public Verdict? After(IReadOnlyList<RoundFigures> rounds)
    {
        var estimate = rounds[^1].Estimate;
        if (estimate.Stop <= MaxDowntime)
            return Verdict.Converged;
        if (IsAllTheRest(estimate) || Stagnates(rounds))
            return Verdict.NotConverging;
        return rounds.Count >= MaxRounds ? Verdict.MaxRounds : null;
    }

    /// <summary>Why, for people.</summary>
    public string Reason(Verdict verdict, RoundFigures last)
    {
        var estimate = last.Estimate;
        string allowed = Invariant($"{MaxDowntime.TotalMilliseconds:0} ms are allowed");
        string left = Invariant($"{estimate.Pages} pages ({PageSize.BytesOf(estimate.Pages) / 1048576.0:0.0} MiB)");
        return verdict switch
        {
            Verdict.Converged => $"a final dump has {left} to copy; {allowed}",
            Verdict.MaxRounds => $"after {MaxRounds} rounds a final dump still has {left} to copy; {allowed}",
            _ when IsAllTheRest(estimate) =>
                Invariant($"criu itself takes {estimate.Base.TotalMilliseconds:0} ms for this tree, whatever is written; ")
                    + allowed,
            _ => $"pages are written as fast as they are copied: {left} are left, and another round would leave as many; "
                + allowed,
        };
    }

    private static bool IsAllTheRest(StopEstimate estimate) => estimate.Memory < estimate.Base * IsLittle;

    private static bool Stagnates(IReadOnlyList<RoundFigures> rounds)
    {
        if (rounds.Count <= Patience)
            return false;
        for (int i = rounds.Count - Patience; i < rounds.Count; i++)
            if (rounds[i].Estimate.Pages < rounds[i - 1].Estimate.Pages * Helps)
                return false;
        return true;
    }
}
