using PreDump.Core;
using PreDump.Core.Series;
using PreDump.Core.Tracking;
using PreDump.Images;
using PreDump.PageServer.Security;
using PreDump.PageServer.Serving;
using PreDump.Settings;
using static System.FormattableString;

namespace PreDump.Series;

/// <summary>The final dump, made by criu upon the last round and proved. Whatever happens, there is a running tree or a whole
/// checkpoint.</summary>
/// <param name="criu">criu's path.</param>
/// <param name="settings">What is asked for.</param>
/// <param name="series">The rounds.</param>
/// <param name="observer">Notified of what is odd.</param>
internal sealed class CriuDump(string criu, SeriesSettings settings, RoundSeries series, IObserver observer)
{
    private const int MostTries = 3;

    /// <summary>Makes it.</summary>
    /// <param name="parent">The last round.</param>
    /// <param name="cancel">Ends it before criu is started.</param>
    /// <exception cref="PreDumpException">criu refuses: the tree runs on.</exception>
    public FinalFigures Run(int parent, CancellationToken cancel)
    {
        for (int tries = 1; ; tries++)
        {
            cancel.ThrowIfCancellationRequested();
            string images = series.Directory.Of(series.Directory.Begin());
            using var server = ComparesHere ? ComparingServer.Start(images, SeriesDirectory.Relative(parent), observer) : null;
            using var connection = settings.ConnectsForCriu ? CriusConnection.To(settings.Round.PageServer!, cancel) : null;
            var request = new DumpRequest(criu, settings.Round.Tree, images, IsByContent ? null : series.Directory.Of(parent),
                Words(parent), settings.CriuOptions, server?.Connection ?? connection, IsCompared: server is not null);
            var result = request.Run();
            if (result.IsDone)
                return FiguresOf(images, parent, result, server?.Result());
            if (tries == MostTries || !CriuLog.MissesInParent(request.LogFile))
                throw new PreDumpException($"{ReasonOf(result, request.LogFile)}; the rounds up to "
                    + $"{series.Directory.Of(parent)} are complete, and predump checkpoint can be called again");
            parent = series.Again(parent, cancel);
        }
    }

    private bool IsByContent => settings.Round.Tracking == TrackingMethod.Content;

    private bool ComparesHere => IsByContent && settings.Round.PageServer is null;

    private List<string> Words(int parent)
    {
        var round = settings.Round;
        List<string> words = IsByContent ? [] : ["--track-mem", "--prev-images-dir", SeriesDirectory.Relative(parent)];
        if (round.FreezeCgroup is { } cgroup)
            words.AddRange(["--freeze-cgroup", cgroup]);
        if (settings.LeaveRunning)
            words.Add("--leave-running");
        if (round.PageServer is { } server && !settings.ConnectsForCriu)
            words.AddRange(
                ["--page-server", "--address", server.Address, "--port", Invariant($"{server.Port}"), .. Words(server.Tls)]);
        return words;
    }

    // criu opens them from the directory of the images.
    private static IEnumerable<string> Words(TlsOptions tls)
    {
        if (!tls.Enabled)
            return [];
        (string Name, string? File)[] files =
            [("cacert", tls.CaCert), ("cacrl", tls.Crl), ("cert", tls.Cert), ("key", tls.Key)];
        return ["--tls", .. tls.NoCnVerify ? (string[])["--tls-no-cn-verify"] : [],
            .. files.Where(one => one.File is not null)
                .Select(one => $"--tls-{one.Name}={Path.Combine(Environment.CurrentDirectory, one.File!)}")];
    }

    private FinalFigures FiguresOf(string images, int parent, DumpResult result, SessionResult? compared)
    {
        using var directory = ImageDirectory.Open(images);
        var stats = StatsImage.Read(directory);
        if (compared is not null)
            stats = stats with { PagesWritten = compared.Pages, PagesSkippedParent = compared.PagesInParent };
        return new FinalFigures(images, series.Directory.Of(parent), stats, result.Proof, result.PagesMended,
            settings.Round.PageServer is not null,
            string.Join(' ', ["criu restore -D", images, .. settings.CriuOptions.ForRestore]));
    }

    // predump's own reason comes first: criu knows only that it was told no.
    private static string ReasonOf(DumpResult result, string log) => result.Refusal
        ?? $"criu dump has ended with exit code {result.ExitCode}, and the tree runs on: {CriuLog.FirstError(log)}";
}
