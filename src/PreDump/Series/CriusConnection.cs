using System.Net.Sockets;
using PreDump.Core;
using PreDump.Linux;
using PreDump.PageServer.Client;

namespace PreDump.Series;

/// <summary>The connection by which criu sends a final dump's pages to a page server. criu corks it (tcp(7), TCP_CORK), so that
/// the kernel holds its last message back for 200 ms while the tree stands still. We have it, too, and let go what is held
/// back.</summary>
/// <param name="socket">The connection; it is closed with this, when criu has ended.</param>
internal sealed class CriusConnection(Socket socket) : IDisposable
{
    private const int PauseMilliseconds = 2;

    private readonly ManualResetEventSlim _ended = new();
    private Thread? _thread;

    /// <summary>Its descriptor, which criu gets by the same number.</summary>
    public int Number { get; } = (int)socket.Handle;

    /// <summary>Connects to a page server, as criu would.</summary>
    /// <param name="options">Where it is; without TLS, which criu does not speak by a connection that it is given.</param>
    /// <param name="cancel">Ends the attempt.</param>
    /// <exception cref="PreDumpException">It can't be reached.</exception>
    public static CriusConnection To(PageServerOptions options, CancellationToken cancel)
    {
        var socket = ServerConnection.Open(options, cancel).Socket;
        StreamSocket.MakeBlocking((int)socket.Handle);
        return new CriusConnection(socket);
    }

    /// <summary>Lets go what is held back, from now on until this is disposed of.</summary>
    public void KeepFlowing()
    {
        _thread = new Thread(Push) { IsBackground = true, Name = "connection" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ended.IsSet)
            return;
        _ended.Set();
        _thread?.Join();
        socket.Dispose();
    }

    // (TCP_NODELAY sends what is pending even if the socket is corked.)
    private void Push()
    {
        while (!_ended.Wait(PauseMilliseconds))
            StreamSocket.TrySendPending(Number);
    }
}
