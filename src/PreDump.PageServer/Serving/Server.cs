using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using PreDump.Core;
using PreDump.Core.Maintenance;
using PreDump.Images;
using PreDump.PageServer.Wire;

namespace PreDump.PageServer.Serving;

/// <summary>Lets clients in and gives each session a thread. A connection that has said nothing yet costs no more than its
/// descriptor, and no number of them keeps one that speaks from its turn. One thread calls <see cref="Run"/> and owns the
/// connections that wait; the sessions' threads share with it, under a lock, the ones that run and what is left to do.</summary>
public sealed class Server : IDisposable
{
    private const int MostSessions = 64, MostWaiting = 512, StackBytes = 512 * 1024;

    // After that, a connection that has not said what it wants makes room for those that wait.
    private static readonly TimeSpan s_crowded = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_pollTime = TimeSpan.FromMilliseconds(200), s_atEnd = TimeSpan.FromSeconds(10);

    private readonly ServerRequest _request;
    private readonly IRounds _rounds;
    private readonly Func<Stream, SslStream>? _tls;
    private readonly Action<SessionResult> _tell;
    private readonly IObserver _observer;
    private readonly Alarm _alarm = new();
    private readonly OpenRounds _open;
    private readonly Lock _lock = new();
    private readonly List<Connection> _waiting = [], _running = [];
    private int _left;
    private bool _begun, _over;
    private PreDumpException? _failure;

    /// <param name="request">What is asked for.</param>
    /// <param name="rounds">Where images go; the caller disposes it.</param>
    /// <param name="tls">Makes connections TLS ones; null: plain.</param>
    /// <param name="tell">Called for each finished round, one at a time, on a session's thread.</param>
    /// <param name="observer">Notified of connections that are refused.</param>
    public Server(
        ServerRequest request, IRounds rounds, Func<Stream, SslStream>? tls, Action<SessionResult> tell, IObserver observer)
    {
        (_request, _rounds, _tls, _tell, _observer) = (request, rounds, tls, tell, observer);
        _left = request.Rounds ?? 1;
        _open = new OpenRounds(_alarm.Ring);
    }

    private bool IsSingle => _request.Rounds is null;

    /// <summary>Serves until the last round is complete, or until it is cancelled; then no one is served any more.</summary>
    /// <param name="listener">Listens; null: there is only <paramref name="connected"/>.</param>
    /// <param name="connected">A connection that is there already.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="PreDumpException">The one session failed.</exception>
    public void Run(Socket? listener, Socket? connected, CancellationToken cancel)
    {
        using var registration = cancel.Register(_alarm.Ring);
        if (listener is not null)
            listener.Blocking = false;
        if (connected is not null)
            Start(new Connection(connected, "the peer at the inherited socket", _rounds.Moment()));
        while (!IsOver(cancel))
            PollOnce(listener);
        End();
        cancel.ThrowIfCancellationRequested();
        if (_failure is { } reason)
            throw reason;
    }

    /// <inheritdoc/>
    public void Dispose() => _alarm.Dispose();

    private bool IsOver(CancellationToken cancel)
    {
        lock (_lock)
            return _over || cancel.IsCancellationRequested;
    }

    private void PollOnce(Socket? listener)
    {
        var ready = new List<Socket> { _alarm.Socket };
        lock (_lock)
        {
            if (listener is not null && _waiting.Count < MostWaiting && !(IsSingle && _begun && _open.IsEmpty))
                ready.Add(listener);
            if (_running.Count < MostSessions)
                ready.AddRange(_waiting.Select(connection => connection.Socket));
        }
        bool clock;
        lock (_lock)
            clock = _waiting.Count > 0 || _running.Exists(connection => !connection.HasBegun && !connection.HasJoined);
        Socket.Select(ready, null, null, clock ? s_pollTime : Timeout.InfiniteTimeSpan);
        if (ready.Remove(_alarm.Socket))
            _alarm.Clear();
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
                bool isNamed = socket.RemoteEndPoint is IPEndPoint; // clients of a Unix socket have no name
                string name = isNamed ? $"{socket.RemoteEndPoint}" : $"the peer at {listener.LocalEndPoint}";
                _waiting.Add(new Connection(socket, name, _rounds.Moment()));
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
        {
        }
        catch (SocketException e) // the connection was broken already, or descriptors have run out
        {
            _observer.Note($"a connection could not be accepted: {e.Message}");
            Thread.Sleep(s_pollTime);
        }
    }

    // Those that have said nothing; and where there is no room, those whose first message is not complete.
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
                foreach (var connection in _running.Where(connection =>
                    !connection.HasBegun && !connection.HasJoined && connection.Age > s_crowded))
                    connection.BreakOff();
    }

    private void Start(Connection connection)
    {
        connection.BeginTurn();
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
            using var peer = new Peer(connection.Socket, connection.Name, _request.Timeout, _tls, _request.IsOneConnection);
            using var session = new Session(peer, () => Begin(connection), _request, _observer)
            {
                OpenRounds = _request.IsOneConnection ? null : _open,
                Joins = () => connection.HasJoined = true,
            };
            if (session.Run() is not { } result)
                return;
            Finish(result);
            if (!_request.IsOneConnection || peer.IsTls) // an inherited connection may go on, with another round
                session.WaitForHangUp();
            if (_request.AutoDedup && result.Round.Parent is not null)
                Dedup.RunAfterRound(() => ImageDirectory.Open(result.Round.Directory), _observer);
        }
        catch (Exception e)
        {
            string why = Failure.TryExplain(e) is not { } reason ? $"this is a defect of predump, please report it: {e}"
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
                throw new PeerException($"{connection.Name} comes too late: all rounds are complete or under way");
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
            _over |= (connection.HasBegun && (IsSingle || _left == 0)) || _request.IsOneConnection;
        }
        _alarm.Ring();
    }

    // Drops all connections, and waits until what they have sent is removed.
    private void End()
    {
        foreach (var connection in _waiting)
            connection.Socket.Dispose();
        _open.GiveUp();
        lock (_lock)
        {
            _over = true;
            _running.ForEach(connection => connection.BreakOff());
        }
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < s_atEnd;)
        {
            lock (_lock)
                if (_running.Count == 0)
                    return;
            var ready = new List<Socket> { _alarm.Socket };
            Socket.Select(ready, null, null, s_pollTime);
            if (ready.Count > 0)
                _alarm.Clear();
        }
    }
}
