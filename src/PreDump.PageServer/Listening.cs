using System.Net;
using System.Net.Sockets;
using PreDump.Core;
using PreDump.Linux;

namespace PreDump.PageServer;

/// <summary>Where a page server's listening socket comes from.</summary>
public static class Listening
{
    private const int Backlog = 1024;

    /// <summary>Listens on an address and a port.</summary>
    /// <param name="address">A name or an address.</param>
    /// <param name="port">0: the kernel chooses.</param>
    /// <exception cref="PreDumpException">The address is not this machine's, or the port is taken.</exception>
    public static Socket On(string address, int port)
    {
        Socket? socket = null;
        try
        {
            var at = IPAddress.TryParse(address, out var literal) ? literal : Dns.GetHostAddresses(address)[0];
            socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(at, port));
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            throw new PreDumpException($"the page server can't listen on {address}, port {port}: {e.Message}: "
                + "use an address of this machine and a free port, or port 0 for any", ServerInput.Address, ServerInput.Port);
        }
    }

    /// <summary>The one that was made for the daemon, its standard input.</summary>
    public static Socket Inherited()
    {
        using var standardInput = Fd.Adopt(0, "listening socket");
        using var own = standardInput.Duplicate();
        standardInput.ReleaseNumber(); // stays open until the daemon closes its standard descriptors
        return new Socket(new SafeSocketHandle(own.ReleaseNumber(), ownsHandle: true));
    }
}
