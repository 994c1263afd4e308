using PreDump.Cli;
using PreDump.Core;
using PreDump.Core.Copying;
using PreDump.Core.Sinks;
using PreDump.Host;
using PreDump.Linux;
using PreDump.Output;
using PreDump.PageServer.Wire;
using PreDump.Settings;

namespace PreDump.Commands;

/// <summary>The main job, from the options to the images: freeze, reset and collect, thaw, copy, write, sum up.</summary>
internal static class PreDumpCommand
{
    /// <summary>Runs a pre-dump; returns the exit code.</summary>
    /// <param name="options">What the command line says.</param>
    /// <param name="ignored">Options that make no difference here.</param>
    /// <param name="failed">Also told what has failed, and what was said of it.</param>
    public static int Run(
        PreDumpOptions options, IReadOnlyList<IgnoredOption> ignored, Action<Exception, string>? failed = null)
    {
        // No signal ends us before what we made is removed.
        using var signals = new Signals($"the tree runs on; what was written may be left in {options.ImagesDirectory}");
        using var images = RoundDirectory.Open(options.ImagesDirectory,
            mayHoldOldRound: options is { CalledAsCriu: true, PrevImagesDirectory: null });
        using var work = WorkDirectory.Open(options);
        var log = Output.Log.Open(options);
        using var logEnd = Output.Log.CloseAtEnd(log);
        new LogObserver(log).Report(ignored);
        if (options is { Direct: true, PageServer: not null })
            log.Debug("--image-io-mode direct: makes no difference with --page-server, which writes the pages");
        try
        {
            var summary = OneRound.Run(options, TreeRoot.Find(options.Tree), images, work,
                new RoundReporter(log, work, options.Quiet), signals.Cancel);
            Print(summary, options);
            return ExitCode.Done;
        }
        catch (Exception e) when (e is OperationCanceledException or PeerException && signals.Received is not null)
        {
            var signal = signals.Received!.Value;
            Report($"ended by {signal}: {Remove(images) ?? "what was written is removed"}, the tree runs on", e);
            return ExitCode.OfSignal(signal.Number());
        }
        catch (Exception e) when (InputNames.TryExplain(e, options.Tree) is { } reason)
        {
            Report(images.IsComplete ? $"the images are complete, but {reason}"
                : Remove(images) is { } left ? $"{reason}; {left}" : reason, e);
            return ExitCode.Failed;
        }

        // The error line is on standard error even when the log goes elsewhere.
        void Report(string reason, Exception e)
        {
            ProgressLine.Erase();
            log.Error("{Reason:l}", reason);
            failed?.Invoke(e, reason);
        }
    }

    private static void Print(Summary summary, PreDumpOptions options)
    {
        try
        {
            if (options.DisplayStats)
                CriuStatsText.Print(summary.ToDumpStats());
            if (options.Json)
                SummaryJson.Print(summary);
            else if (!options.Quiet)
                Console.Out.WriteLine(SummaryText.Of(summary));
        }
        catch (IOException e)
        {
            throw new PreDumpException($"the summary could not be written to standard output ({e.Message})");
        }
    }

    // What can't be removed, as a clause; null if all is.
    private static string? Remove(RoundDirectory images) =>
        images.Remove() is { Count: > 0 } left ? $"{string.Join(", ", left)} can't be removed from {images.Path}" : null;
}
