using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using PreDump.Core;
using PreDump.Core.Maintenance;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.PageServer;

/// <summary>Lets peers in and gives each session a thread. A connection that has said nothing yet costs no more than its descriptor,
/// and none of them, nor all, keep one that speaks from its turn.</summary>
public sealed class Server : IDisposable
{
    private const int MostSessions = 64, MostWaiting = 512, StackBytes = 512 * 1024;

    // After that, whoever has not said what it wants makes room for those who wait.
    private static readonly TimeSpan s_crowded = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(200), s_atEnd = TimeSpan.FromSeconds(10);

    private readonly ServerRequest _request;
    private readonly IRounds _rounds;
    private readonly Func<Stream, SslStream>? _tls;
    private readonly Action<SessionResult> _tell;
    private readonly IObserver _observer;
    private readonly Socket _wake, _waker; // so that whoever sleeps in poll(2) hears of us
    private readonly Lock _lock = new();
    private readonly List<Connection> _waiting = [], _running = [];
    private int _left;
    private bool _begun, _over;
    private PreDumpException? _failure;

    /// <param name="request">What is asked for.</param>
    /// <param name="rounds">Where images go; somebody else's.</param>
    /// <param name="tls">Makes connections TLS ones; null: plain.</param>
    /// <param name="tell">Told of each finished round, one at a time.</param>
    /// <param name="observer">Told of those that are refused.</param>
    public Server(ServerRequest request, IRounds rounds, Func<Stream, SslStream>? tls, Action<SessionResult> tell, IObserver observer)
    {
        (_request, _rounds, _tls, _tell, _observer) = (request, rounds, tls, tell, observer);
        _left = request.Rounds ?? 1;
        var (a, b) = Fd.SocketPair("page server");
        _wake = new Socket(new SafeSocketHandle(a.ReleaseNumber(), ownsHandle: true));
        _waker = new Socket(new SafeSocketHandle(b.ReleaseNumber(), ownsHandle: true)) { Blocking = false };
    }

    private sealed record Connection(Socket Socket, string Name, long Moment)
    {
        public long Since { get; set; } = Stopwatch.GetTimestamp();

        public bool HasBegun { get; set; }

        public TimeSpan Age => Stopwatch.GetElapsedTime(Since);
    }

    private bool IsSingle => _request.Rounds is null;

    /// <summary>Serves until the last round is there, or until it is cancelled; then nobody is served any more.</summary>
    /// <param name="listener">Listens; null: there is only <paramref name="connected"/>.</param>
    /// <param name="connected">A connection that is there already.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="PreDumpException">The one session failed.</exception>
    public void Run(Socket? listener, Socket? connected, CancellationToken cancel)
    {
        using var registration = cancel.Register(Wake);
        if (listener is not null)
            listener.Blocking = false;
        if (connected is not null)
            Start(new Connection(connected, "the peer at the inherited socket", _rounds.Moment()));
        while (!IsOver(cancel))
            Look(listener);
        End();
        cancel.ThrowIfCancellationRequested();
        if (_failure is { } reason)
            throw reason;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _wake.Dispose();
        _waker.Dispose();
    }

    private bool IsOver(CancellationToken cancel)
    {
        lock (_lock)
            return _over || cancel.IsCancellationRequested;
    }

    private void Look(Socket? listener)
    {
        var ready = new List<Socket> { _wake };
        lock (_lock)
        {
            if (listener is not null && _waiting.Count < MostWaiting && !(IsSingle && _begun))
                ready.Add(listener);
            if (_running.Count < MostSessions)
                ready.AddRange(_waiting.Select(connection => connection.Socket));
        }
        bool clock;
        lock (_lock)
            clock = _waiting.Count > 0 || _running.Exists(connection => !connection.HasBegun);
        Socket.Select(ready, null, null, clock ? s_look : Timeout.InfiniteTimeSpan);
        if (ready.Remove(_wake))
            _ = _wake.Receive(new byte[64]);
        if (listener is not null && ready.Remove(listener))
            Accept(listener);
        foreach (var connection in _waiting.Where(connection => ready.Contains(connection.Socket)).ToList())
            if (CanStart)
            {
                _waiting.Remove(connection);
                Start(connection);
            }
        DropSilent();
    }

    private bool CanStart
    {
        get
        {
            lock (_lock)
                return _running.Count < MostSessions;
        }
    }

    private void Accept(Socket listener)
    {
        try
        {
            while (_waiting.Count < MostWaiting)
            {
                var socket = listener.Accept();
                _waiting.Add(new Connection(socket, $"{socket.RemoteEndPoint}", _rounds.Moment()));
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
        {
        }
        catch (SocketException e) // the connection was broken already, or descriptors have run out
        {
            _observer.Note($"a connection could not be accepted: {e.Message}");
            Thread.Sleep(s_look);
        }
    }

    // Those who have said nothing; and where there is no room, those whose first word is not whole.
    private void DropSilent()
    {
        bool full = _waiting.Count >= MostWaiting;
        foreach (var connection in _waiting.Where(connection => (full && connection.Age > s_crowded)
            || (_request.Timeout != Timeout.InfiniteTimeSpan && connection.Age > _request.Timeout)).ToList())
        {
            _observer.Note($"{connection.Name} said nothing: dropped");
            _waiting.Remove(connection);
            connection.Socket.Dispose();
        }
        lock (_lock)
            if (_running.Count >= MostSessions && _waiting.Count > 0)
                foreach (var connection in _running.Where(connection => !connection.HasBegun && connection.Age > s_crowded))
                    BreakOff(connection);
    }

    private void Start(Connection connection)
    {
        connection.Since = Stopwatch.GetTimestamp();
        lock (_lock)
            _running.Add(connection);
        try
        {
            new Thread(() => Serve(connection), StackBytes) { IsBackground = true, Name = connection.Name }.Start();
        }
        catch (OutOfMemoryException)
        {
            _observer.Warn($"{connection.Name}: no more threads are allowed: dropped");
            Leave(connection);
        }
    }

    private void Serve(Connection connection)
    {
        try
        {
            using var peer = new Peer(connection.Socket, connection.Name, _request.Timeout, _tls);
            using var session = new Session(peer, () => Begin(connection), _request.Timeout, _observer);
            var result = session.Run();
            Finish(result);
            session.SeeOff();
            if (_request.AutoDedup && result.Round.Parent is not null)
                Dedup.RunAfterRound(() => ImageDirectory.Open(result.Round.Directory), _observer);
        }
        catch (Exception e)
        {
            string why = Failure.TryExplain(e) is not { } reason ? $"a defect of predump, please report it: {e}"
                : e is PeerException ? reason : $"{connection.Name}: {reason}";
            Fail(connection, new PreDumpException(why, [.. Failure.About(e)]));
        }
        finally
        {
            Leave(connection);
        }
    }

    private IRound Begin(Connection connection)
    {
        lock (_lock)
        {
            if (_left == 0 || (IsSingle && _begun))
                throw new PeerException($"{connection.Name} comes too late: all rounds that were wanted are there, or on their way");
            connection.HasBegun = _begun = true;
        }
        return _rounds.Begin(connection.Moment);
    }

    private void Finish(SessionResult result)
    {
        lock (_lock)
        {
            _tell(result);
            if (_request.Rounds != int.MaxValue)
                _left--;
        }
    }

    private void Fail(Connection connection, PreDumpException reason)
    {
        bool cancelled;
        lock (_lock)
        {
            cancelled = _over;
            if (IsSingle && (connection.HasBegun || _request.IsOneConnection) && _left > 0)
                _failure = reason;
        }
        if (_failure is null && !cancelled)
            _observer.Warn(reason.Message, [.. reason.About]);
    }

    private void Leave(Connection connection)
    {
        connection.Socket.Dispose();
        lock (_lock)
        {
            _running.Remove(connection);
            _over |= (IsSingle && connection.HasBegun) || _left == 0 || _request.IsOneConnection;
        }
        Wake();
    }

    // Drops everybody, and waits until what they have sent is removed.
    private void End()
    {
        foreach (var connection in _waiting)
            connection.Socket.Dispose();
        lock (_lock)
        {
            _over = true;
            _running.ForEach(BreakOff);
        }
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < s_atEnd;)
        {
            lock (_lock)
                if (_running.Count == 0)
                    return;
            var ready = new List<Socket> { _wake };
            Socket.Select(ready, null, null, s_look);
            if (ready.Count > 0)
                _ = _wake.Receive(new byte[64]);
        }
    }

    private void Wake()
    {
        try
        {
            _ = _waker.Send([1]);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Full: it has been woken often enough. Gone: nobody sleeps any more.
        }
    }

    private static void BreakOff(Connection connection)
    {
        try
        {
            connection.Socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has hung up.
        }
    }
}
