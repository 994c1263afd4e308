using System.Globalization;
using PreDump.Criu;
using PreDump.Images.Rpc;
using PreDump.Linux;
using PreDump.Settings;
using static System.FormattableString;

namespace PreDump.Series;

/// <summary>A final dump that predump itself asks criu for, with all that criu is told on its command line, where it takes the
/// same options as criu dump: criu OPTIONS swrk FD. criu runs in a session of its own, so that what ends predump does not end
/// it.</summary>
/// <param name="Criu">criu's path.</param>
/// <param name="Tree">The tree's root.</param>
/// <param name="Images">The directory of the images.</param>
/// <param name="Parent">The directory of the round that it is made upon; null: none.</param>
/// <param name="Words">Options, beside those that say where the dump goes.</param>
/// <param name="User">What the user wants criu to be told.</param>
/// <param name="Connection">The connection to a page server; null: criu has none, or makes it itself.</param>
/// <param name="IsCompared">Whether the page server compares the pages with the rounds; otherwise criu leaves pages to the
/// rounds, which is proved.</param>
internal sealed record DumpRequest(string Criu, int Tree, string Images, string? Parent, IReadOnlyList<string> Words,
    DumpOptions User, CriusConnection? Connection = null, bool IsCompared = false)
{
    private const string Log = "dump.log";

    /// <summary>criu's log.</summary>
    public string LogFile => Path.Combine(Images, Log);

    /// <summary>Makes the dump.</summary>
    /// <exception cref="LinuxException">criu can't be started.</exception>
    public DumpResult Run()
    {
        using var images = DirectoryFd.Open(Images);
        var (ours, theirs) = MessageSocket.Pair();
        int pid = CriuProcess.StartAside(
            Criu, [.. Words, .. ToServer, "--images-dir", Images, "--log-file", Log, .. User.Words], theirs, Connection?.Number);
        Connection?.KeepFlowing();
        var request = new criu_req
        {
            Type = criu_req_type.Dump,
            Opts = new criu_opts { ImagesDirFd = images.Number, Pid = Tree, LogLevel = User.LogLevel },
        };
        var dump = new RequestedDump(pid, ours, request, new DumpFiles(Images, Parent, Images, LogFile))
        {
            IsProved = !IsCompared,
        };
        var (answer, exitCode) = dump.Run(message =>
            FailedScript(message.Notify?.Script ?? "") is { } reason ? dump.Refuse(reason) : RequestedDump.GoOn);
        return new DumpResult(answer?.Success == true && exitCode == 0, exitCode, dump.Refusal,
            dump.Proof?.Total ?? TimeSpan.Zero, dump.Proof?.Mended ?? 0);
    }

    private string[] ToServer =>
        Connection?.Number is { } end ? ["--page-server", "--ps-socket", end.ToString(CultureInfo.InvariantCulture)] : [];

    // The user's scripts, called as criu calls them. It does not itself, since it is asked by request.
    private string? FailedScript(string action)
    {
        if (action == "query-ext-files") // a request's, and no action
            return null;
        foreach (string script in User.Scripts)
        {
            int exitCode = OtherProgram.Run(["/bin/sh", "-c", "cd \"$CRTOOLS_IMAGE_DIR\" && exec \"$0\"", script],
            [
                $"CRTOOLS_SCRIPT_ACTION={action}", $"CRTOOLS_IMAGE_DIR={Path.GetFullPath(Images)}",
                Invariant($"CRTOOLS_INIT_PID={Tree}"),
            ]);
            if (exitCode != 0)
                return $"the action script {script} has ended with exit code {exitCode} at {action}, so the tree runs on";
        }
        return null;
    }
}

/// <summary>What became of a final dump.</summary>
/// <param name="IsDone">Whether it is complete.</param>
/// <param name="ExitCode">criu's exit code.</param>
/// <param name="Refusal">Why predump has refused it; null: it has not.</param>
/// <param name="Proof">The time that the proof took, part of the stop.</param>
/// <param name="PagesMended">Pages that had been moved unseen.</param>
internal sealed record DumpResult(bool IsDone, int ExitCode, string? Refusal, TimeSpan Proof, ulong PagesMended);
