using PreDump.Core.History;

namespace PreDump.Report;

/// <summary>The areas that changed most, with a bar each.</summary>
internal static class AreasSection
{
    /// <summary>The section.</summary>
    public static Html Draw(ChainHistory history)
    {
        var html = new Html().Add($"""<section aria-labelledby="areas"><h2 id="areas">What changes most</h2>""");
        if (history.Areas.Count == 0)
            return html.Add($"<p>Nothing was copied in a round with a parent.</p></section>");
        bool named = history.Areas.Any(area => area.Name is not null);
        html.Add($"""
            <p>Copied in all rounds with a parent.{(named ? "" : " Images name no mappings: these are ranges of maps below.")}</p>
            <div class="scroll" role="region" aria-labelledby="areas" tabindex="0"><table><thead><tr>
            """);
        if (named)
            html.Add($"""<th scope="col">Area</th>""");
        html.Add($"""
            <th scope="col">Addresses</th><th scope="col" class="n">Task</th><th scope="col" class="n">Pages</th>
            <th scope="col" class="n">Bytes</th><td class="bars"></td></tr></thead><tbody>
            """);
        ulong most = Math.Max(history.Areas[0].PagesWritten, 1);
        foreach (var area in history.Areas)
        {
            var addresses = new Html().Add($"""<span class="address">{area.Start:x}-{area.End:x}</span>""");
            html.Add(named ? new Html().Add($"""<tr><th scope="row">{NameOf(area.Name)}</th><td>{addresses}</td>""")
                : new Html().Add($"""<tr><th scope="row">{addresses}</th>"""));
            html.Add($"""
                <td class="n">{area.Pid}</td><td class="n">{area.PagesWritten:N0}</td>
                <td class="n">{Figures.Size(area.PagesWritten)}</td><td class="bars">
                <svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                <rect class="written" width="{100.0 * area.PagesWritten / most:0.##}" height="10"/></svg></td></tr>
                """);
        }
        return html.Add($"</tbody></table></div></section>");
    }

    /// <summary>The name of a mapping.</summary>
    public static Html? NameOf(string? name) => name switch
    {
        null => null,
        "" => Html.Name("anonymous"),
        _ => Html.Name(name),
    };
}
