using PreDump.Cli;
using PreDump.Core;
using PreDump.Core.Series;
using PreDump.Core.Tracking;
using PreDump.Criu;
using PreDump.Linux;
using PreDump.Series;
using PreDump.Settings;

namespace PreDump.Commands;

/// <summary>`predump checkpoint`: rounds, and then the final dump by criu, proved by predump.</summary>
internal static class CheckpointCommand
{
    private static readonly string[] s_feature = ["check", "--feature", "mem_dirty_track"], s_version = ["--version"];

    /// <summary>Runs it; returns the exit code.</summary>
    /// <param name="asked">What the command line says.</param>
    /// <param name="ignored">Options that make no difference.</param>
    public static int Run(SeriesSettings asked, IReadOnlyList<IgnoredOption> ignored)
    {
        var settings = SeriesTracking.Decide(asked) with { ConnectsForCriu = asked.Round.PageServer is { Tls.Enabled: false } };
        bool byContent = settings.Round.Tracking == TrackingMethod.Content;
        string? criu = null;
        DumpCosts? costs = null;
        DumpCost? cost = null;
        return SeriesFrame.Run(settings, ignored,
            (log, cancel) => cost = (costs = new DumpCosts(criu = Usable(settings.CriuOptions.Words, byContent), log)).Of(cancel),
            (series, outputs, cancel) =>
            {
                var end = series.Run(cancel);
                var dump = new CriuDump(criu!, settings, series, series.Observer).Run(end.Last.Number, cancel);
                foreach (var output in outputs)
                    output.Dump(dump);
                if (!byContent) // where criu's own times are those of the comparison, too
                    costs!.Learn(cost!, new DumpSample(dump.Stats, end.Last.Look.Tasks, dump.IsElsewhere)
                    {
                        IsCorked = !settings.ConnectsForCriu,
                    });
                return ExitCode.Done;
            });
    }

    // Said before the first round.
    private static string Usable(IReadOnlyList<string> options, bool byContent)
    {
        string criu = RealCriu.Find();
        if (!byContent && !Takes([]))
            throw new PreDumpException($"{criu} can't make the final dump here (it says so: criu check --feature "
                + "mem_dirty_track): make rounds alone with predump rounds, or go on by content", RoundInput.Tracking);
        if (options.Count > 0 && !Takes(options))
            throw new PreDumpException($"{criu} does not take the options behind -- or of its configuration files: "
                + string.Join(' ', options));
        return criu;

        bool Takes(IReadOnlyList<string> options) =>
            OtherProgram.TryOutput([criu, .. options, .. byContent ? s_version : s_feature]) is not null;
    }
}
