using PreDump.Core.History;

namespace PreDump.Report;

/// <summary>The figures behind the charts, a line for each round.</summary>
internal static class RoundsTable
{
    /// <summary>The section.</summary>
    public static Html Draw(ChainHistory history)
    {
        var html = new Html().Add($"""
            <section aria-labelledby="figures"><h2 id="figures">Figures of each round</h2>
            <div class="scroll" role="region" aria-labelledby="figures" tabindex="0"><table>
            <thead><tr><th scope="col">Round</th><th scope="col">Frozen at</th><th scope="col" class="n">Copied</th>
            <th scope="col" class="n">Pages copied</th><th scope="col" class="n">Left to the parent</th>
            <th scope="col" class="n">Pages written to</th><th scope="col" class="n">Pages written to a second</th>
            <th scope="col" class="n">Copied a second</th><th scope="col" class="n">Tree stood still</th>
            <th scope="col" class="n">Estimated stop of a dump</th></tr></thead><tbody>
            """);
        for (int i = 0; i < history.Rounds.Count; i++)
            AddRow(html, history.Rounds[i], RoundWords.Short(history, i));
        html.Add($"</tbody></table></div>");
        if (history.LeftOut > 0)
            html.Add($"<p>{Figures.Of((ulong)history.LeftOut, "round")} after the first left out.</p>");
        foreach (var name in history.Directory.Incomplete.Take(10))
            html.Add($"<p>Left out, as its images are not complete: {Html.Name(name)}</p>");
        return html.Add($"</section>");
    }

    private static void AddRow(Html html, ChainRound round, string name)
    {
        var rate = round.Journal?.CopyRate;
        html.Add($"""
            <tr><th scope="row">{name}{(name.StartsWith(round.Name, StringComparison.Ordinal) ? null : Html.Name(" " + round.Name))}</th>
            <td>{Figures.Date(round.Time)}</td><td class="n">{Figures.Size(round.PagesWritten)}</td>
            <td class="n">{round.PagesWritten:N0}</td><td class="n">{Figures.Size(round.PagesInParent)}</td>
            <td class="n">{Figures.Count(round.PagesDirty)}</td><td class="n">{Figures.Count(round.DirtyRate)}</td>
            <td class="n">{(rate is { } bytes ? Output.Sizes.Bytes(bytes) : "–")}</td>
            <td class="n">{Figures.Time(round.StopMicroseconds)}</td>
            <td class="n">{Figures.Time(round.Journal?.EstimatedStopMicroseconds)}</td></tr>
            """);
    }
}
