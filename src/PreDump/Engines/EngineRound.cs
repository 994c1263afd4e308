using System.Globalization;
using PreDump.Cli;
using PreDump.Commands;
using PreDump.Core;
using PreDump.Linux;
using PreDump.Output;

namespace PreDump.Engines;

/// <summary>A pre-dump in the name of criu. It is predump's own, with these differences: an old round in the images directory is
/// replaced, as criu does; the log says "Error" as criu's does, and exists whatever is wrong; and the engine is told what
/// failed.</summary>
internal static class EngineRound
{
    /// <summary>The first argument of predump as the process of a round; the descriptor for its report, the configuration file
    /// that comes last, and the command line follow.</summary>
    public const string Command = "criu-round";

    /// <summary>Makes a round that a request has asked for; returns the exit code.</summary>
    /// <param name="reportFd">The descriptor that gets the outcome.</param>
    /// <param name="configFile">The configuration file whose options come last; empty: none.</param>
    /// <param name="words">The command line.</param>
    public static int RunRequest(string reportFd, string configFile, IReadOnlyList<string> words)
    {
        OwnProcess.EndWithStarter();
        using var report = Fd.Adopt(int.Parse(reportFd, CultureInfo.InvariantCulture), "engine");
        report.SetCloseOnExec();
        return Run(words, configFile.Length > 0 ? configFile : null, // no one hears it once criu is dead
            outcome => _ = report.TryWriteOnce(outcome.Encode()));
    }

    /// <summary>criu pre-dump, by command line; returns the exit code.</summary>
    /// <param name="words">The command line.</param>
    public static int RunCommandLine(IReadOnlyList<string> words) => Run(words, null, _ => { });

    private static int Run(IReadOnlyList<string> words, string? configFile, Action<RoundOutcome> report)
    {
        OwnProcess.Prepare();
        using var log = EngineLog.Begin(words);
        try
        {
            var criu = CriuArguments.From(words, configFile);
            if (criu.Tokens is [.., "--help" or "--version"])
                return CommandLine.Run(words);
            var line = CommandLine.Parse(criu, words);
            if (line.Errors is [var error, ..])
                throw new UsageException(error.Message.TrimEnd('.'));
            var options = OptionBinding.PreDump(line) with { CalledAsCriu = true };
            int exitCode = PreDumpCommand.Run(options, criu.Ignored,
                failed: (e, reason) => report(RoundOutcome.Failed(e, Failure.TryExplain(e, options.Tree) ?? reason)));
            if (exitCode == ExitCode.Done)
                report(RoundOutcome.Done);
            return exitCode;
        }
        catch (Exception e)
        {
            string reason = InputNames.TryExplain(e) ?? $"this is a defect of predump, please report it: {e}";
            log.Fail(reason);
            Message.Error(reason);
            report(RoundOutcome.Failed(e, Failure.TryExplain(e) ?? reason)); // without predump's options, which an engine has not
            return e is UsageException ? ExitCode.Usage : ExitCode.Failed;
        }
    }
}
