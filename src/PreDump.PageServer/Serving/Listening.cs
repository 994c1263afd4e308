using System.Net;
using System.Net.Sockets;
using PreDump.Core;
using PreDump.Linux;

namespace PreDump.PageServer.Serving;

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

    /// <summary>The one that a service manager has opened and passes to us (<see cref="PassedSockets"/>); null: it passes none.
    /// It stays the service manager's as well, which may start us again with it: it is only closed, never shut down.</summary>
    /// <exception cref="PreDumpException">It does not listen for streams, or there is more than one.</exception>
    public static Socket? Passed()
    {
        if (PassedSockets.Count is not (> 0 and var count))
            return null;
        if (count > 1)
            throw new PreDumpException($"{count} sockets are passed (LISTEN_FDS={count}), and a page server listens on one: "
                + "leave one ListenStream= in the socket unit");
        if (!StreamSocket.IsListening(PassedSockets.First))
            throw new PreDumpException($"descriptor {PassedSockets.First}, which is passed as a socket (LISTEN_FDS=1), is not a "
                + "stream socket that listens: use ListenStream= in the socket unit");
        Fd.Adopt(PassedSockets.First, "passed socket").SetCloseOnExec();
        var socket = new Socket(new SafeSocketHandle(PassedSockets.First, ownsHandle: true));
        return socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 or AddressFamily.Unix
            ? socket
            : throw new PreDumpException("the socket that is passed (LISTEN_FDS=1) is neither one of TCP nor a Unix socket: use "
                + "such an address as ListenStream= in the socket unit");
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
