using PreDump.Core.History;

namespace PreDump.Report;

/// <summary>The figures behind the charts, a line for each round.</summary>
internal static class RoundsTable
{
    private const int MaxIncomplete = 10;

    /// <summary>The section.</summary>
    public static Html Draw(ChainHistory history)
    {
        var html = new Html().Add($"""
            <section aria-labelledby="figures"><h2 id="figures">Figures of each round</h2>
            <div class="scroll" role="region" aria-labelledby="figures" tabindex="0"><table>
            <thead><tr><th scope="col">Round</th><th scope="col" class="n">Frozen at (UTC)</th>
            <th scope="col" class="n">Copied</th><th scope="col" class="n">Copied, in pages</th>
            <th scope="col" class="n">Left to the parent</th><th scope="col" class="n">Pages written to</th>
            <th scope="col" class="n">Pages written to, each second</th><th scope="col" class="n">Tree stood still</th>
            """);
        bool hasJournal = history.Rounds.Any(round => round.Journal is not null);
        if (hasJournal)
            html.Add($"""
                <th scope="col" class="n">Copied in a second</th><th scope="col" class="n">Estimated stop of a dump</th>
                """);
        html.Add($"</tr></thead><tbody>");
        for (int i = 0; i < history.Rounds.Count; i++)
            AddRow(html, history, i, hasJournal);
        html.Add($"</tbody></table></div>");
        if (history.LeftOut > 0)
            html.Add($"<p>{Figures.Of((ulong)history.LeftOut, "round")} after the first left out.</p>");
        var incomplete = history.Directory.Incomplete;
        foreach (var name in incomplete.Take(MaxIncomplete))
            html.Add($"<p>Left out, as its images are not complete: {Html.Name(name)}</p>");
        if (incomplete.Count > MaxIncomplete)
            html.Add($"<p>Left out like these: {incomplete.Count - MaxIncomplete}</p>");
        return html.Add($"</section>");
    }

    private static void AddRow(Html html, ChainHistory history, int index, bool hasJournal)
    {
        var round = history.Rounds[index];
        var name = RoundWords.Short(history, index);
        var folder = name.StartsWith(round.Name, StringComparison.Ordinal) ? null : Html.Name(" " + round.Name);
        html.Add($"""
            <tr><th scope="row">{name}{folder}</th>
            <td class="n">{Figures.Clock(round.Time, history.Rounds[0].Time)}</td>
            <td class="n">{Figures.Size(round.PagesWritten)}</td><td class="n">{round.PagesWritten:N0}</td>
            <td class="n">{Figures.Size(round.PagesInParent)}</td><td class="n">{Figures.Count(round.PagesDirty)}</td>
            <td class="n">{Figures.Count(round.DirtyRate)}</td><td class="n">{Figures.Time(round.StopMicroseconds)}</td>
            """);
        if (hasJournal)
            html.Add($"""
                <td class="n">{(round.Journal?.CopyRate is { } bytes ? Output.Sizes.Bytes(bytes) : "–")}</td>
                <td class="n">{Figures.Time(round.Journal?.EstimatedStopMicroseconds)}</td>
                """);
        html.Add($"</tr>");
    }
}
