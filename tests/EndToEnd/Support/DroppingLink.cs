using System.Net;
using System.Net.Sockets;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>A link to a page server on this machine whose connections drop, each after some bytes: in one of three ways, as a
/// router, a proxy or a cable that is pulled would do it.</summary>
internal sealed class DroppingLink : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<int, int> _port;
    private readonly Func<int, long?> _limit;
    private readonly List<Socket> _open = [];
    private int _connections;

    /// <param name="port">The server's, for the connection of a number, from 0.</param>
    /// <param name="limit">After how many bytes of its client's it drops; null: never.</param>
    public DroppingLink(Func<int, int> port, Func<int, long?> limit)
    {
        (_port, _limit) = (port, limit);
        _listener.Start();
        _ = Accept();
    }

    /// <summary>The same to a single server.</summary>
    public DroppingLink(int port, Func<int, long?> limit) : this(_ => port, limit)
    {
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many connections there were.</summary>
    public int Connections => _connections;

    /// <summary>How many of them dropped.</summary>
    public int Dropped { get; private set; }

    public void Dispose()
    {
        _listener.Stop();
        lock (_open)
            _open.ForEach(socket => socket.Dispose());
    }

    private async Task Accept()
    {
        try
        {
            while (true)
                _ = Carry(await _listener.AcceptSocketAsync(), _connections++);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task Carry(Socket client, int number)
    {
        var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        lock (_open)
            _open.AddRange([client, server]);
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _port(number));
            var back = Copy(server, client, long.MaxValue);
            if (!await Copy(client, server, _limit(number) ?? long.MaxValue))
                return;
            Dropped++;
            if (number % 3 == 2)
                return; // nothing comes any more, and no one is told
            if (number % 3 == 1)
            {
                client.LingerState = new LingerOption(true, 0); // a reset
                server.LingerState = client.LingerState;
            }
            client.Dispose();
            server.Dispose();
            await back;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    // Whether that was the limit.
    private static async Task<bool> Copy(Socket from, Socket to, long limit)
    {
        var buffer = new byte[64 * 1024];
        for (long left = limit; left > 0;)
        {
            int got = await from.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)));
            if (got == 0)
            {
                to.Shutdown(SocketShutdown.Send);
                return false;
            }
            for (int done = 0; done < got;)
                done += await to.SendAsync(buffer.AsMemory(done, got - done));
            left -= got;
        }
        return true;
    }
}
