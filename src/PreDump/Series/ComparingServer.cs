using System.Net;
using System.Net.Sockets;
using PreDump.Core;
using PreDump.Core.Sinks;
using PreDump.PageServer.Serving;

namespace PreDump.Series;

/// <summary>The page server of a final dump by content, in this process: criu sends it all pages, and those that the rounds have
/// with the same bytes are left to them. criu gets one end of a connection that nobody else can take.</summary>
internal sealed class ComparingServer : IDisposable
{
    private readonly RoundDirectory _directory;
    private readonly SingleRound _round;
    private readonly Server _server;
    private readonly Thread _thread;
    private Exception? _failure;
    private SessionResult? _result;

    private ComparingServer(string images, string parent, IObserver observer)
    {
        _directory = RoundDirectory.Open(images);
        _round = new SingleRound(_directory, parent);
        var request = new ServerRequest
        {
            Compares = true,
            IsOneConnection = true,
            Timeout = System.Threading.Timeout.InfiniteTimeSpan, // criu's other work is not ours to limit
        };
        _server = new Server(request, _round, tls: null, result => _result = result, observer);
        var (ours, crius) = Connected();
        Connection = new CriusConnection(crius);
        _thread = new Thread(() => Serve(ours)) { IsBackground = true, Name = "page server" };
        _thread.Start();
    }

    /// <summary>Starts it.</summary>
    /// <param name="images">The directory of the dump; empty.</param>
    /// <param name="parent">The last round, relative to it.</param>
    /// <param name="observer">Notified of what is odd.</param>
    /// <exception cref="PreDumpException">The directory or the parent can't be used, or there is no loopback network.</exception>
    public static ComparingServer Start(string images, string parent, IObserver observer) => new(images, parent, observer);

    /// <summary>criu's end.</summary>
    public CriusConnection Connection { get; }

    /// <summary>To be called when criu has ended: waits until all is in its place; returns what has come.</summary>
    /// <exception cref="PreDumpException">Not all has come.</exception>
    public SessionResult Result()
    {
        Connection.Dispose();
        _thread.Join();
        return _result ?? throw new PreDumpException("the pages did not all come: "
            + (_failure is null ? "criu has hung up" : Failure.TryExplain(_failure) ?? _failure.ToString()));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Connection.Dispose();
        _thread.Join();
        _server.Dispose();
        _round.Dispose();
        _directory.Dispose();
    }

    private void Serve(Socket ours)
    {
        try
        {
            _server.Run(listener: null, ours, CancellationToken.None);
        }
        catch (Exception e)
        {
            _failure = e;
        }
    }

    // TCP, for criu sets options of TCP.
    private static (Socket Ours, Socket Crius) Connected()
    {
        try
        {
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(8);
            var crius = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            crius.Connect(listener.LocalEndPoint!);
            while (true)
            {
                var ours = listener.Accept();
                if (ours.RemoteEndPoint!.Equals(crius.LocalEndPoint)) // someone else may have been faster
                    return (ours, crius);
                ours.Dispose();
            }
        }
        catch (SocketException e)
        {
            throw new PreDumpException($"a final dump by content needs the loopback network ({e.Message}): bring it up "
                + "(ip link set lo up)");
        }
    }
}
