using PreDump.Cli;
using PreDump.Core;
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
        return SeriesFrame.Run(settings, ignored,
            (log, cancel) => new DumpCosts(criu = Usable(), log).Of(cancel),
            (series, outputs, cancel) =>
            {
                int last = series.Run(cancel).Last.Number;
                var dump = new CriuDump(criu!, settings, series).Run(last, cancel);
                foreach (var output in outputs)
                    output.Dump(dump);
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
