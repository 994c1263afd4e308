using System.Globalization;
using System.Net.Sockets;
using System.Text;
using PreDump.Core;
using PreDump.Linux;
using PreDump.Output;

namespace PreDump.Host;

/// <summary>Tells the service manager that has started us how we are, if it asks for it by NOTIFY_SOCKET. A warning is all that a
/// failure costs. See sd_notify(3).</summary>
internal static class ServiceManager
{
    // As long as it takes to be sure that nobody reads.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    /// <summary>The service is ready.</summary>
    /// <param name="status">What `systemctl status` shows.</param>
    /// <param name="pid">The process that serves.</param>
    public static void Ready(string status, int pid) =>
        Tell("READY=1", $"STATUS={OneLine.Of(status)}", string.Create(CultureInfo.InvariantCulture, $"MAINPID={pid}"));

    /// <summary>What `systemctl status` shows from now on.</summary>
    public static void Status(string status) => Tell($"STATUS={OneLine.Of(status)}");

    /// <summary>The service is about to end.</summary>
    public static void Stopping() => Tell("STOPPING=1");

    private static void Tell(params string[] assignments)
    {
        if (OwnText.Variable("NOTIFY_SOCKET") is not ([_, ..] and var address))
            return;
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTimeout = (int)s_patience.TotalMilliseconds;
            socket.Connect(new UnixDomainSocketEndPoint(address[0] == '@' ? '\0' + address[1..] : address));
            socket.Send(Encoding.UTF8.GetBytes(string.Join('\n', assignments)));
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            Message.Warning($"the service manager at {address} (NOTIFY_SOCKET) could not be told {assignments[0]}: {e.Message}");
        }
    }
}
