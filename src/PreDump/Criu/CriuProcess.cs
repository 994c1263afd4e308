using System.Globalization;
using PreDump.Core;
using PreDump.Linux;

namespace PreDump.Criu;

/// <summary>The real criu as a child, for requests that predump hands on itself. If predump is killed criu does not end with it:
/// its next message finds nobody, and it lets the tree go on. Killed in its work, it would leave the tree stopped.</summary>
internal static class CriuProcess
{
    /// <summary>The first argument of predump as the process that becomes criu; its socket, what it does about SIGPIPE, and the
    /// name it is called by follow.</summary>
    public const string Command = "criu-behind";

    private const string IgnorePipe = "ignore";

    /// <summary>Starts it as `criu swrk FD`; returns its pid.</summary>
    /// <param name="socket">Its end of a pair of sockets, which is closed here.</param>
    /// <param name="name">The name that it is called by.</param>
    /// <exception cref="LinuxException">It can't be started.</exception>
    public static int Start(MessageSocket socket, string name)
    {
        string number = socket.Number.ToString(CultureInfo.InvariantCulture);
        string pipe = OtherProgram.IgnoresPipe ? IgnorePipe : "";
        int pid = OwnProgram.StartBeside([Command, number, pipe, name], [socket.Number]);
        socket.Close();
        return pid;
    }

    /// <summary>Starts a criu as `criu OPTIONS swrk FD`, in a session of its own, so that no signal of a terminal reaches it;
    /// returns its pid. It reads no configuration files.</summary>
    /// <param name="criu">Its path.</param>
    /// <param name="options">Its options.</param>
    /// <param name="socket">Its end of a pair of sockets, which is closed here.</param>
    /// <param name="pages">A descriptor of a connection to a page server; null: none.</param>
    /// <exception cref="LinuxException">It can't be started.</exception>
    public static int StartAside(string criu, IReadOnlyList<string> options, MessageSocket socket, int? pages = null)
    {
        string number = socket.Number.ToString(CultureInfo.InvariantCulture);
        int pid = OtherProgram.StartInSession(
            [criu, "--no-default-config", .. options, "swrk", number], "CRIU_CONFIG_FILE=/dev/null",
            pages is { } connection ? [socket.Number, connection] : [socket.Number]);
        socket.Close();
        return pid;
    }

    /// <summary>In the child: becomes criu; returns the exit code if that fails.</summary>
    public static int Become(string number, string pipe, string name)
    {
        try
        {
            RealCriu.Become([name, "swrk", number], ignorePipe: pipe == IgnorePipe);
        }
        catch (Exception e) when (Failure.TryExplain(e) is { } reason)
        {
            Output.Message.Error(reason);
        }
        return ExitCode.Failed;
    }
}
