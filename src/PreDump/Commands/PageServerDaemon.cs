using System.Net.Sockets;
using PreDump.Linux;

namespace PreDump.Commands;

/// <summary>A page server in the background: this same program, started again with the listening socket as its standard input,
/// and as its standard output a line on which it says that it is ready. What fails before that is reported on standard
/// error.</summary>
internal static class PageServerDaemon
{
    /// <summary>The first argument of predump as the daemon; the page server's command line follows.</summary>
    public const string Command = "page-server-daemon";

    /// <summary>Starts it, and waits until it serves or has failed.</summary>
    /// <param name="arguments">The page server's command line.</param>
    /// <param name="listener">The listening socket; null: there is none.</param>
    /// <param name="pid">The daemon's.</param>
    /// <returns>Its exit code if it has failed, and has said why.</returns>
    public static int Start(IReadOnlyList<string> arguments, Socket? listener, out int pid)
    {
        var (ours, theirs) = Fd.SocketPair("daemon");
        using var line = ours;
        using (theirs)
        using (var nothing = Fd.TryOpen("/dev/null", 0, out _))
        {
            int input = (int?)listener?.Handle ?? nothing!.Number;
            pid = OwnProgram.Start([Command, .. arguments], [input, theirs.Number], withEnvironment: true);
        }
        if (line.TryRead(stackalloc byte[1]) == 1)
            return ExitCode.Done;
        return OwnProgram.WaitFor(pid) is not 0 and var exitCode ? exitCode : ExitCode.Failed;
    }

    /// <summary>In the daemon: says that it is ready, and closes what connects it with its starter.</summary>
    public static void Detach()
    {
        using var line = Fd.Adopt(1, "daemon").Duplicate();
        OwnProcess.DetachStandardDescriptors();
        line.Write([1]);
    }
}
