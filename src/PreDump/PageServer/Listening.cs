using System.Net;
using System.Net.Sockets;
using PreDump.Cli;
using PreDump.Linux;

namespace PreDump.PageServer;

/// <summary>The sockets that a page server begins with.</summary>
internal static class Listening
{
    private const int Backlog = 1024;

    /// <summary>Listens where --address and --port say.</summary>
    /// <exception cref="PreDumpException">That can't be.</exception>
    public static Socket On(ServeOptions options)
    {
        Socket? socket = null;
        try
        {
            var address = IPAddress.TryParse(options.Address, out var literal) ? literal : Dns.GetHostAddresses(options.Address)[0];
            socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(address, options.Port));
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            throw new PreDumpException($"the page server can't listen on {options.Address}, port {options.Port}: {e.Message}: "
                + "give --address an address of this machine, and --port a free one (0: any)");
        }
    }

    /// <summary>The one that the daemon was given.</summary>
    public static Socket Inherited()
    {
        using var standardInput = Fd.Adopt(0, "listening socket");
        using var own = standardInput.Duplicate();
        standardInput.ReleaseNumber(); // stays what it is until the daemon lets go of it
        return new Socket(new SafeSocketHandle(own.ReleaseNumber(), ownsHandle: true));
    }
}
