using PreDump.Core.History;

namespace PreDump.Report;

/// <summary>How it ended, in one sentence.</summary>
internal static class Verdict
{
    /// <summary>The sentence.</summary>
    public static string Of(ChainHistory history)
    {
        var end = history.Journal.End;
        var last = history.Rounds[^1];
        var rounds = Figures.Of((ulong)(history.Directory.Rounds.Count - (last.IsFinalDump ? 1 : 0)), "round");
        var allowed = end?.MaxDowntimeMicroseconds is { } most ? $", {Figures.Time(most)} are allowed" : "";
        var estimate = end?.StopMicroseconds is { } stop
            ? $": a final dump now would stop the tree for about {Figures.Time(stop)}{allowed}." : ".";
        if (last.IsFinalDump)
            return $"The final dump after {rounds} stopped the tree for {Figures.Time(last.StopMicroseconds)}"
                + (end?.StopMicroseconds is { } expected ? $"; {Figures.Time(expected)} were estimated{allowed}." : ".");
        return end?.Verdict switch
        {
            "converged" => $"Converged after {rounds}{estimate}",
            "not-converging" => $"Does not converge after {rounds}{estimate}" + Reason(end),
            "max-rounds" => $"Not converged after {rounds}, the most that were allowed{estimate}" + Reason(end),
            "interrupted" => $"Interrupted after {rounds}{estimate}",
            { } other => $"{other} after {rounds}{estimate}" + Reason(end),
            null => $"{rounds}: the last one copied {Figures.Size(last.PagesWritten)} and left "
                + $"{Figures.Size(last.PagesInParent)} to its parent.",
        };
    }

    private static string Reason(JournalEnd end) => end.Reason is { Length: > 0 } reason
        ? $" {char.ToUpperInvariant(reason[0])}{reason[1..].TrimEnd('.')}." : "";
}
