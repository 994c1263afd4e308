using PreDump.Core.History;
using PreDump.Output;

namespace PreDump.Report;

/// <summary>The charts: what each round copied, what had been written to, how long a final dump would stop the tree.</summary>
internal sealed class Charts(ChainHistory history)
{
    /// <summary>Bytes that were written and that were left to the parent.</summary>
    public Html Bytes()
    {
        var chart = new ColumnChart("bytes", "Bytes in the images of each round", AxisOfBytes)
        {
            IsBytes = true,
            Columns = Columns(round =>
                ([new("written", ChainRound.BytesOf(round.PagesWritten)), new("parent", ChainRound.BytesOf(round.PagesInParent))],
                    Figures.Size(round.PagesWritten))),
            Description = Described(round => $"{Figures.Size(round.PagesWritten)} copied, "
                + $"{Figures.Size(round.PagesInParent)} left to the parent"),
        };
        return new Html().Add($"""
            <section aria-labelledby="bytes"><h2 id="bytes">Memory in each round</h2>
            <p class="legend">{Key("written")} copied in this round {Key("parent")} left to the parent: not written to, or
            the same bytes</p>
            {chart.Draw()}
            </section>
            """);
    }

    /// <summary>Pages that were written to between two rounds.</summary>
    public Html DirtyPages()
    {
        var chart = new ColumnChart("dirty", "Pages that were written to since the round before", value => Figures.Count(value))
        {
            Columns = Columns(round => round.PagesDirty is { } dirty
                ? ([new("written", round.PagesWritten), new("unchanged", dirty - round.PagesWritten)], Figures.Count(dirty))
                : ([], "first round")),
            Description = Described(round => round.PagesDirty is { } dirty ? $"{dirty:N0} pages" : "a first round"),
        };
        return new Html().Add($"""
            <section aria-labelledby="dirty"><h2 id="dirty">Pages written to since the round before</h2>
            <p class="legend">{Key("written")} copied {Key("unchanged")} the same bytes as before: not copied</p>
            {chart.Draw()}
            </section>
            """);
    }

    /// <summary>The stop of a final dump; null where no round estimated it.</summary>
    public Html? Stop()
    {
        if (history.Rounds.All(round => round.Journal?.EstimatedStopMicroseconds is null))
            return null;
        var measured = history.Rounds[^1].IsFinalDump ? new Html().Add($"{Key("measured")} measured in the final dump") : null;
        var allowed = history.Journal.End?.MaxDowntimeMicroseconds;
        var chart = new ColumnChart("stop", "Stop of a final dump", AxisOfTime)
        {
            Columns = Columns(round => ([new(round.IsFinalDump ? "measured" : "written", StopOf(round) ?? 0)],
                Figures.Time(StopOf(round)))),
            Line = allowed is { } most ? (most, "allowed", Figures.Time(most)) : null,
            Description = (allowed is null ? "" : $"Allowed are {Figures.Time(allowed)}. ") + Described(round =>
                $"{Figures.Time(StopOf(round))} {(round.IsFinalDump ? "measured" : "estimated")}"),
        };
        return new Html().Add($"""
            <section aria-labelledby="stop"><h2 id="stop">How long a final dump stops the tree</h2>
            <p class="legend">{Key("written")} estimated after the round {measured}</p>
            {chart.Draw()}
            </section>
            """);
    }

    private static ulong? StopOf(ChainRound round) =>
        round.IsFinalDump ? round.StopMicroseconds : round.Journal?.EstimatedStopMicroseconds;

    private Column[] Columns(Func<ChainRound, (ColumnPart[] Parts, string Label)> of) => [.. history.Rounds.Select((round, i) =>
    {
        var (parts, label) = of(round);
        return new Column(RoundWords.Short(history, i), parts, label);
    })];

    private string Described(Func<ChainRound, string> words) =>
        string.Join("; ", history.Rounds.Select((round, i) => $"round {RoundWords.Short(history, i)}: {words(round)}")) + ".";

    private static Html Key(string style) =>
        new Html().Add($"""
            <svg class="key" viewBox="0 0 12 12" aria-hidden="true"><rect class="{style}" width="12" height="12"/></svg>
            """);

    private static string AxisOfBytes(double bytes) => Sizes.Bytes(bytes).Replace(".0 ", " ", StringComparison.Ordinal);

    private static string AxisOfTime(double microseconds) =>
        microseconds == 0 ? "0" : microseconds >= 1e6 ? $"{microseconds / 1e6:0.##} s" : $"{microseconds / 1e3:0.##} ms";
}
