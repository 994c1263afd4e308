using PreDump.Cli;
using PreDump.Core.Series;
using PreDump.Criu;
using PreDump.Linux;
using PreDump.Series;
using PreDump.Settings;
using Serilog;

namespace PreDump.Commands;

/// <summary>`predump rounds`: rounds until a final dump would stop the tree only shortly.</summary>
internal static class RoundsCommand
{
    /// <summary>Runs it; returns the exit code.</summary>
    /// <param name="asked">What the command line says.</param>
    /// <param name="ignored">Options that make no difference.</param>
    public static int Run(SeriesSettings asked, IReadOnlyList<IgnoredOption> ignored)
    {
        var settings = SeriesTracking.Decide(asked);
        return SeriesFrame.Run(settings, ignored, Cost, (series, _, cancel) =>
        {
            var end = series.Run(cancel);
            if (settings.Round is { Json: false, Quiet: false })
                Console.Out.WriteLine($"dump it with: predump checkpoint -t {settings.Round.Tree} -D {series.Directory.Path}");
            return end.Verdict == Verdict.Converged ? ExitCode.Done : ExitCode.NotConverging;
        });
    }

    // The dump may be made elsewhere, or by other means.
    private static DumpCost Cost(ILogger log, CancellationToken cancel)
    {
        try
        {
            return new DumpCosts(RealCriu.Find(), log).Of(cancel);
        }
        catch (Exception e) when (e is KnownFailureException or LinuxException)
        {
            log.Warning("{Reason:l}: what a dump costs is assumed", e.Message);
            return DumpCost.Assumed;
        }
    }
}
