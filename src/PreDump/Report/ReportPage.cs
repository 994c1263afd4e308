using System.Security.Cryptography;
using System.Text;
using PreDump.Core.History;

namespace PreDump.Report;

/// <summary>The page: nothing of it comes from elsewhere, and no script runs in it.</summary>
internal static class ReportPage
{
    /// <summary>The page about a chain, as HTML.</summary>
    public static string Of(ChainHistory history)
    {
        var charts = new Charts(history);
        var body = new Html();
        body.Add(Head(history));
        if (charts.Stop() is { } stop)
            body.Add(stop);
        body.Add(charts.Bytes()).Add(charts.DirtyPages()).Add(RoundsTable.Draw(history)).Add(AreasSection.Draw(history))
            .Add(MapsSection.Draw(history)).Add($"</main></body></html>");
        var hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(ReportStyle.Sheet)));
        var start = new Html().Add($"""
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{hash}'">
            <meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">
            <meta name="viewport" content="width=device-width, initial-scale=1"><title>{Title(history)}</title>
            """);
        return $"{start}<style>{ReportStyle.Sheet}</style></head>\n{body}";
    }

    private static Html Head(ChainHistory history)
    {
        var line = history.Journal.LastRound;
        var html = new Html().Add($"""<body><main><h1>{Title(history)}</h1><p class="verdict">{Verdict.Of(history)}</p><dl>""");
        Fact("Images", Html.Name(history.Directory.Path));
        Fact("Frozen", Text(Period(history)));
        Fact("Tasks", Text($"{(history.Tasks > 0 ? (ulong)history.Tasks : line?.Tasks ?? 0):N0}"));
        if (line?.Kernel is { } kernel)
            Fact("Kernel", Html.Name(kernel));
        if (history.Rounds[^1].Dump is { } dump)
        {
            if (dump.ProofMicroseconds is { } proof)
                Fact("Proof", Text($"{Figures.Time(proof)} of the stop; {Figures.Of(dump.PagesMended ?? 0, "page")} put right"));
            if (dump.Restore is { } restore)
                Fact("Restore", new Html().Add($"<code>{Html.Name(restore)}</code>"));
        }
        return html.Add($"</dl>");

        void Fact(string name, Html value) => html.Add($"<dt>{name}</dt><dd>{value}</dd>");
    }

    private static string Title(ChainHistory history) =>
        history.Journal.LastRound?.Tree is { } tree ? $"Pre-dump rounds of process tree {tree}"
            : history.Maps.Count > 0 && history.Tasks == 1 ? $"Pre-dump rounds of process {history.Maps[0].Pid}"
            : "Pre-dump rounds of a process tree";

    private static string Period(ChainHistory history)
    {
        string first = Figures.Date(history.Rounds[0].Time), last = Figures.Date(history.Rounds[^1].Time);
        return first == last ? first : $"{first} to {last}";
    }

    private static Html Text(string text) => new Html().Add($"{text}");
}
