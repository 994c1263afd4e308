using System.Globalization;

namespace PreDump.Linux;

/// <summary>The sockets that a service manager has opened and passes to the program that it starts: descriptors 3, 4, and so on.
/// LISTEN_FDS has their number, and LISTEN_PID says which process they are meant for. See sd_listen_fds(3).</summary>
public static class PassedSockets
{
    /// <summary>The descriptor of the first one.</summary>
    public const int First = 3;

    private const string Pid = "LISTEN_PID", Number = "LISTEN_FDS";

    private static readonly string[] s_variables = [Pid, Number, "LISTEN_FDNAMES", "LISTEN_PIDFDID"];

    /// <summary>How many are passed to this process.</summary>
    public static int Count => CountIn(OwnText.Variable(Pid), OwnText.Variable(Number), Environment.ProcessId);

    /// <summary>How many these variables pass to a process; 0 if they are not meant for it, or make no sense.</summary>
    internal static int CountIn(string? pid, string? number, int process) =>
        NumberIn(pid) == process && NumberIn(number) is { } count ? count : 0;

    /// <summary>Removes the variables from the environment, as no child may take the sockets to be meant for it.</summary>
    public static void Forget() => Array.ForEach(s_variables, OwnText.RemoveVariable);

    private static int? NumberIn(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
