using PreDump.Core.History;

namespace PreDump.Report;

/// <summary>The address space of the largest tasks: a line for each range, a column for each round, darker where more of it was
/// written.</summary>
internal static class MapsSection
{
    private static readonly int[] s_levels = [1, 5, 25, 60, 100]; // percent: the upper ends of the shades

    /// <summary>The section.</summary>
    public static Html Draw(ChainHistory history)
    {
        if (history.Maps.Count == 0)
            return new Html();
        var html = new Html().Add($"""
            <section aria-labelledby="maps"><h2 id="maps">Where memory changed</h2>
            <p>Percent of the pages of a range that the round copied. Ranges without memory are left out.</p>
            <p class="legend" aria-hidden="true"><span class="cell h0">0</span> nothing; up to <span class="cell h1">1</span>
            <span class="cell h2">5</span> <span class="cell h3">25</span> <span class="cell h4">60</span>
            <span class="cell h5">100</span> percent; <span class="cell first">100</span> a first round: all of it</p>
            """);
        foreach (var map in history.Maps)
            html.Add(Map(history, map));
        if (history.Tasks > history.Maps.Count)
            html.Add($"<p>{Figures.Of((ulong)(history.Tasks - history.Maps.Count), "smaller task")} not shown.</p>");
        return html.Add($"</section>");
    }

    private static Html Map(ChainHistory history, TaskMap map)
    {
        bool named = map.Rows.Any(row => row.Name is not null);
        var html = new Html().Add($"""
            <h3 id="map-{map.Pid}">Task {map.Pid}</h3>
            <div class="scroll" role="region" aria-labelledby="map-{map.Pid}" tabindex="0"><table class="map">
            <thead><tr><th scope="col">Addresses</th>{(named ? new Html().Add($"""<th scope="col">Mapping</th>""") : null)}
            <th scope="col" class="n">Memory</th>
            """);
        for (int i = 0; i < history.Rounds.Count; i++)
            html.Add($"""<th scope="col" class="cell">{RoundWords.Short(history, i)}</th>""");
        html.Add($"</tr></thead><tbody>");
        foreach (var row in map.Rows)
        {
            html.Add($"""
                <tr><th scope="row" class="address">{row.Start:x}-{row.End:x}</th>
                {(named ? new Html().Add($"""<td class="name">{AreasSection.NameOf(row.Name)}</td>""") : null)}
                <td class="n">{Figures.Size(row.Cells.Max(cell => cell.Mapped))}</td>
                """);
            for (int i = 0; i < row.Cells.Length; i++)
                html.Add(Cell(row.Cells[i], history.Rounds[i].HasParent));
            html.Add($"</tr>");
        }
        return html.Add($"</tbody></table></div>");
    }

    private static Html Cell(MapCell cell, bool hasParent)
    {
        if (cell.Mapped == 0)
            return new Html().Add($"<td>–</td>");
        double exact = 100.0 * cell.Written / cell.Mapped, percent = exact is > 99 and < 100 ? 99 : Math.Floor(exact + 0.5);
        var text = exact is > 0 and < 1 ? "<1" : $"{percent}";
        var style = !hasParent ? "first" : exact == 0 ? "h0" : $"h{1 + Array.FindIndex(s_levels, level => percent <= level)}";
        return new Html().Add($"""<td class="{style}">{text}</td>""");
    }
}
