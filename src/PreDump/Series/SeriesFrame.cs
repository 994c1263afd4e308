using PreDump.Cli;
using PreDump.Core.Series;
using PreDump.Host;
using PreDump.Linux;
using PreDump.Output;
using PreDump.PageServer.Wire;
using PreDump.Report;
using PreDump.Settings;
using Serilog;

namespace PreDump.Series;

/// <summary>What is around a series: signals, the log, what is said of a failure.</summary>
internal static class SeriesFrame
{
    /// <summary>Runs a command of a series; returns the exit code.</summary>
    /// <param name="settings">What is asked for.</param>
    /// <param name="ignored">Options that make no difference.</param>
    /// <param name="cost">Says what a final dump costs, or why there can't be one.</param>
    /// <param name="command">The command; returns the exit code.</param>
    public static int Run(SeriesSettings settings, IReadOnlyList<IgnoredOption> ignored,
        Func<ILogger, CancellationToken, DumpCost> cost,
        Func<RoundSeries, IReadOnlyList<ISeriesOutput>, CancellationToken, int> command)
    {
        var options = settings.Round;
        using var signals = new Signals($"the tree runs on; what was written may be left in {options.ImagesDirectory}");
        var directory = SeriesDirectory.Open(options.ImagesDirectory);
        var log = Output.Log.Open(options);
        using var logEnd = Output.Log.CloseAtEnd(log);
        new LogObserver(log).Report(ignored);
        try
        {
            var tree = TreeRoot.Find(options.Tree);
            if (settings.Report is { } page)
                ReportFile.Check(page);
            var lines = new SeriesLines(directory, options.Tree, options.Json);
            ISeriesOutput[] outputs = options.Json || options.Quiet ? [lines] : [lines, new SeriesTable()];
            var series = new RoundSeries(settings, tree, cost(log, signals.Cancel), outputs, log);
            int exitCode = command(series, outputs, signals.Cancel);
            if (settings.Report is { } report)
                ReportFile.Write(directory.Path, report);
            return exitCode;
        }
        catch (Exception e) when (e is OperationCanceledException or PeerException && signals.Received is not null)
        {
            var signal = signals.Received!.Value;
            Report($"ended by {signal}: the tree runs on, and the rounds that are listed are complete");
            return ExitCode.OfSignal(signal.Number());
        }
        catch (Exception e) when (InputNames.TryExplain(e, options.Tree) is { } reason)
        {
            Report(reason);
            return ExitCode.Failed;
        }

        void Report(string reason)
        {
            ProgressLine.Erase();
            log.Error("{Reason:l}", reason);
        }
    }
}
