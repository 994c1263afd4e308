using System.Globalization;
using PreDump.Linux;

namespace PreDump.Engines;

/// <summary>A round in a process of its own, as criu makes one, too: this one stays as the engine has started it, for the real
/// criu and for the next round. It ends with us.</summary>
internal static class RoundProcess
{
    /// <summary>Makes a round.</summary>
    /// <param name="words">Its command line.</param>
    /// <param name="configFile">A configuration file whose options come last; null: none.</param>
    /// <param name="descriptors">Of ours, which it needs.</param>
    /// <exception cref="LinuxException">The process can't be started.</exception>
    /// <exception cref="RequestException">It was killed.</exception>
    public static RoundOutcome Run(IReadOnlyList<string> words, string? configFile, IReadOnlyList<int> descriptors)
    {
        var (ours, theirs) = Fd.SocketPair("round");
        using var line = ours;
        int pid;
        using (theirs)
        {
            string number = theirs.Number.ToString(CultureInfo.InvariantCulture);
            pid = OwnProgram.StartBeside(
                [EngineRound.Command, number, configFile ?? "", .. words], [theirs.Number, .. descriptors]);
        }
        var report = ReadReport(line);
        int exitCode = ExitCodeOf(pid);
        return report ?? throw new RequestException(Errno.EIO, exitCode > 128
            ? $"the round was killed by signal {exitCode - 128}: what it has written may be left, the tree runs on"
            : $"the round has ended with exit code {exitCode} and said nothing: see its log");
    }

    private static int ExitCodeOf(int pid)
    {
        try
        {
            return OwnProgram.WaitFor(pid);
        }
        catch (LinuxException) // ECHILD: the engine lets us ignore SIGCHLD, so that no child is waited for
        {
            return ExitCode.Failed;
        }
    }

    private static RoundOutcome? ReadReport(Fd line)
    {
        var report = new byte[sizeof(int) + RoundOutcome.MostOfMessage];
        int length = 0;
        for (int got; length < report.Length && (got = line.TryRead(report.AsSpan(length))) > 0;)
            length += got;
        return RoundOutcome.Decode(report.AsSpan(0, length));
    }
}
