using PreDump.Cli;
using PreDump.Core;
using PreDump.Core.Series;
using PreDump.Criu;
using PreDump.Linux;
using PreDump.Series;
using PreDump.Settings;

namespace PreDump.Commands;

/// <summary>`predump checkpoint`: rounds, and then the final dump by criu, proved by predump.</summary>
internal static class CheckpointCommand
{
    /// <summary>Runs it; returns the exit code.</summary>
    /// <param name="settings">What the command line says.</param>
    /// <param name="ignored">Options that make no difference.</param>
    public static int Run(SeriesSettings settings, IReadOnlyList<IgnoredOption> ignored)
    {
        string? criu = null;
        DumpCosts? costs = null;
        DumpCost? cost = null;
        return SeriesFrame.Run(settings, ignored,
            (log, cancel) => cost = (costs = new DumpCosts(criu = Usable(), log)).Of(cancel),
            (series, outputs, cancel) =>
            {
                var end = series.Run(cancel);
                var dump = new CriuDump(criu!, settings, series).Run(end.Last.Number, cancel);
                foreach (var output in outputs)
                    output.Dump(dump);
                // A network's time is no cost of criu's, and before a second try the tree had time to write more.
                if (dump.Parent == end.Directory && !dump.IsElsewhere)
                    costs!.Learn(cost!, end.Last.Estimate.Stop, dump.Stats.Stop());
                return ExitCode.Done;
            });
    }

    // Said before the first round.
    private static string Usable()
    {
        string criu = RealCriu.Find();
        return OtherProgram.TryOutput([criu, "check", "--feature", "mem_dirty_track"]) is not null ? criu
            : throw new PreDumpException($"{criu} can't make the final dump here (it says so: criu check --feature "
                + "mem_dirty_track): make rounds alone with predump rounds");
    }
}
