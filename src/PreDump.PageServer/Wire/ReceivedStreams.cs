using System.Diagnostics;
using PreDump.Core;

namespace PreDump.PageServer.Wire;

/// <summary>The frames of a round, as they come over several connections, put together by their numbers; and the answers to them.
/// A connection may drop, and another come in its stead: what was taken stays, and what comes twice is left out.</summary>
/// <param name="name">The client, for messages.</param>
/// <param name="retry">How long a client without any connection may stay away; zero: it is given up at once.</param>
/// <param name="patience">How long it may be silent inside of a frame.</param>
/// <param name="between">And between frames.</param>
/// <param name="observer">Notified of connections that drop.</param>
internal sealed class ReceivedStreams(string name, TimeSpan retry, TimeSpan patience, TimeSpan between, IObserver observer)
    : IIncoming, IDisposable
{
    /// <summary>The most connections at the same time.</summary>
    public const int MostStreams = 32;

    private readonly object _gate = new();
    private readonly Dictionary<ulong, ReceivedFrame> _held = [];
    private readonly List<ReceivedStream> _streams = [];
    private readonly List<byte> _answers = [];
    private ulong _next;
    private ReceivedFrame? _current; // that is being taken
    private int _leaving; // connections that are still in use, though they have dropped
    private int _full; // connections that hold as much as they may
    private long _since = Stopwatch.GetTimestamp(); // when one dropped, or was full
    private int _joined;
    private bool _hasEnded, _isGivenUp, _isOver;
    private string _why = $"{name} hung up";

    /// <summary>By which other connections join.</summary>
    public StreamToken Token { get; } = StreamToken.Random();

    /// <summary>Adds a connection; null: the round is over. <see cref="Run"/> has to follow.</summary>
    /// <param name="peer">The client, which stays the caller's.</param>
    public ReceivedStream? Join(Peer peer)
    {
        lock (_gate)
        {
            if (_isOver)
                return null;
            if (_streams.Count >= MostStreams)
                _streams[0].BreakOff(); // more than a client has: some have dropped without a word, and the rest come back
            _streams.Add(new ReceivedStream(peer, _joined++));
            Monitor.PulseAll(_gate);
            return _streams[^1];
        }
    }

    /// <summary>Reads the frames of a connection, on a thread of its own, until it drops or the round is over.</summary>
    /// <param name="stream">From <see cref="Join"/>; disposed.</param>
    /// <param name="greet">Called before it is told how far the round has come.</param>
    public void Run(ReceivedStream stream, Action greet)
    {
        using var owned = stream;
        bool dropped = true;
        try
        {
            greet();
            stream.Open();
            Report(stream);
            while (FreeFrame(stream) is { } frame)
            {
                if (!stream.Read(frame, patience, between))
                {
                    HasEnded();
                    break;
                }
                Hold(frame);
            }
            dropped = false;
        }
        catch (Exception e) // the round may go on without this connection
        {
            Note(e is PeerException ? e.Message : $"{name}: {Failure.TryExplain(e) ?? e.ToString()}");
        }
        finally
        {
            Leave(stream, dropped);
        }
    }

    /// <summary>Takes at least one byte of the frames; 0: no more will come.</summary>
    /// <exception cref="PeerException">The client has gone, and did not come back in time.</exception>
    public int Read(Span<byte> to)
    {
        if ((_current ?? NextFrame()) is not { } frame)
            return 0;
        int bytes = frame.Take(to);
        if (frame.IsTaken)
            Release(frame);
        return bytes;
    }

    /// <summary>Answers the client, on all connections: some may have dropped without a word.</summary>
    /// <exception cref="PeerException">It has asked for more than any client does.</exception>
    public void Answer(ReadOnlySpan<byte> answer)
    {
        ReceivedStream[] streams;
        lock (_gate)
        {
            if (_answers.Count + answer.Length > StreamReport.MostBytes)
                throw new PeerException($"{name} asks too much");
            foreach (byte each in answer)
                _answers.Add(each);
            streams = [.. _streams];
        }
        Array.ForEach(streams, Report);
    }

    /// <summary>Gives the round up: whoever waits for its client returns, and the client is told, unless it has heard the last
    /// answer.</summary>
    public void GiveUp()
    {
        ReceivedStream[] streams;
        lock (_gate)
        {
            _isGivenUp = true;
            Monitor.PulseAll(_gate);
            streams = _hasEnded ? [] : [.. _streams];
        }
        foreach (var stream in streams)
            stream.Report(_ => (StreamReport.Failed, []));
    }

    /// <summary>Waits until the client has heard the last answer, unless that takes too long; whether it has.</summary>
    public bool WaitForEnd()
    {
        long start = Stopwatch.GetTimestamp();
        var most = patience == Timeout.InfiniteTimeSpan ? TimeSpan.FromHours(1) : patience > retry ? patience : retry;
        lock (_gate)
            while (!_hasEnded && !_isGivenUp && (_streams.Count > 0 || retry > TimeSpan.Zero)
                && most - Stopwatch.GetElapsedTime(start) is var left && left > TimeSpan.Zero)
                Monitor.Wait(_gate, left);
        return _hasEnded;
    }

    /// <summary>Gives the round up where it is not over, ends all connections, and waits until none is in use.</summary>
    public void Dispose()
    {
        GiveUp();
        lock (_gate)
        {
            _isOver = true;
            Monitor.PulseAll(_gate);
            _streams.ForEach(stream => stream.BreakOff());
            while (_streams.Count + _leaving > 0)
                Monitor.Wait(_gate);
        }
    }

    private ReceivedFrame? FreeFrame(ReceivedStream stream)
    {
        lock (_gate)
        {
            if (stream.Free.Count == 0 && !stream.MayHoldMore)
            {
                (_since, _full) = (Stopwatch.GetTimestamp(), _full + 1);
                Monitor.PulseAll(_gate);
                while (!_isOver && stream.Free.Count == 0)
                    Monitor.Wait(_gate);
                _full--;
            }
            return _isOver ? null : stream.Free.TryPop(out var free) ? free : stream.NewFrame();
        }
    }

    private void Hold(ReceivedFrame frame)
    {
        lock (_gate)
        {
            // What is sent again replaces what a connection holds that may have dropped without a word.
            if (_held.GetValueOrDefault(frame.Number) is { } before && before.From.Order < frame.From.Order)
            {
                _held.Remove(frame.Number);
                before.From.Free.Push(before);
            }
            if (frame.Number < _next || frame.Number == _current?.Number || !_held.TryAdd(frame.Number, frame))
                frame.From.Free.Push(frame);
            Monitor.PulseAll(_gate);
        }
    }

    private ReceivedFrame? NextFrame()
    {
        lock (_gate)
        {
            while (!_held.Remove(_next, out _current))
                if (_isGivenUp)
                    throw new PeerException($"{name}: the round is given up");
                else if (_streams.Count > _full)
                    Monitor.Wait(_gate); // as long as its own patience lasts
                else if (_streams.Count == 0 && _hasEnded)
                    return null;
                else if (Left() is var left && left > TimeSpan.Zero)
                    Monitor.Wait(_gate, left);
                else
                    throw Gone();
            return _current;
        }
    }

    // Until whoever has the next frame comes back, and has had the time to send it.
    private TimeSpan Left()
    {
        bool isFull = _streams.Count > 0;
        return isFull && patience == Timeout.InfiniteTimeSpan ? TimeSpan.FromMinutes(1)
            : retry + (isFull ? patience : TimeSpan.Zero) - Stopwatch.GetElapsedTime(_since);
    }

    private PeerException Gone() => new(_streams.Count > 0 ? $"{name} sent frames of which one is missing"
        : retry == TimeSpan.Zero ? _why
        : $"{_why}, and did not come back for {retry.TotalSeconds:0.#} s: what it sent is discarded");

    private void Release(ReceivedFrame frame)
    {
        lock (_gate)
        {
            _next = frame.Number + 1;
            frame.From.Free.Push(frame);
            _current = null;
            Monitor.PulseAll(_gate);
        }
        Report();
    }

    // On the newest connection: others may have dropped without a word.
    private void Report()
    {
        ReceivedStream? to;
        lock (_gate)
            to = _streams.LastOrDefault();
        if (to is not null)
            Report(to);
    }

    private void Report(ReceivedStream to) => to.Report(from =>
    {
        lock (_gate)
            return (_next, [.. _answers.Skip(from)]);
    });

    private void HasEnded()
    {
        lock (_gate)
        {
            _hasEnded = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Note(string why)
    {
        lock (_gate)
        {
            _why = why;
            if (_isOver || _hasEnded)
                return;
        }
        if (retry > TimeSpan.Zero)
            observer.Note($"{why}: waiting for it to come back");
    }

    // What it holds stays while it may be taken; where it dropped, it will be sent again.
    private void Leave(ReceivedStream stream, bool dropped)
    {
        lock (_gate)
        {
            (_since, _leaving) = (Stopwatch.GetTimestamp(), _leaving + 1);
            _streams.Remove(stream);
            stream.BreakOff(); // so that the client notices
            if (dropped && retry > TimeSpan.Zero)
                foreach (var (number, frame) in _held.Where(held => held.Value.From == stream).ToList())
                    _held.Remove(number);
            Monitor.PulseAll(_gate);
            while (!_isOver && (_current?.From == stream || _held.Values.Any(frame => frame.From == stream)))
                Monitor.Wait(_gate);
            _leaving--;
            Monitor.PulseAll(_gate);
        }
    }
}
