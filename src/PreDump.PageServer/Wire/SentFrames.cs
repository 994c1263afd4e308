using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace PreDump.PageServer.Wire;

/// <summary>The frames of a round on their way to the server, and its answers: what the thread that fills frames, those that send
/// them and those that hear the server share. A frame belongs to the connection that took it first, and if that one drops, to the
/// connection that comes in its stead: so the numbers on each ascend, and the server need not hold more than a few.</summary>
/// <param name="name">The server, for messages.</param>
/// <param name="most">How many frames there may be.</param>
/// <param name="keeps">Whether frames are kept until the server has taken them, since a connection may drop.</param>
/// <param name="patience">How long the server may be silent while something is waited for.</param>
internal sealed class SentFrames(string name, int most, bool keeps, TimeSpan patience) : IDisposable
{
    private readonly object _gate = new();
    private readonly List<SentFrame> _all = [];
    private readonly Stack<SentFrame> _free = [];
    private readonly Queue<SentFrame> _ready = [];
    private readonly List<SentStream> _streams = [];
    private readonly Queue<byte> _answers = [];
    private ulong _next, _taken;
    private int _heard; // bytes of answers
    private long _events; // after which the server counts as not silent
    private bool _isOver;
    private Exception? _failure;

    /// <summary>Grows whenever the server has taken or answered something. Read only inside of <see cref="Change"/>.</summary>
    public long Progress { get; private set; }

    /// <summary>Adds a connection, before it is used.</summary>
    public void Add(SentStream stream)
    {
        lock (_gate)
            _streams.Add(stream);
    }

    /// <summary>An empty frame to be filled; waits for one.</summary>
    /// <exception cref="PeerException">The connections are lost.</exception>
    public SentFrame Take()
    {
        lock (_gate)
        {
            WaitUntil(() => _free.Count > 0 || _all.Count < most);
            if (_free.TryPop(out var free))
                return free;
            _all.Add(new SentFrame());
            return _all[^1];
        }
    }

    /// <summary>Hands over a frame that is full.</summary>
    public void Add(SentFrame frame)
    {
        lock (_gate)
        {
            frame.Number = _next++;
            _ready.Enqueue(frame);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Fills <paramref name="to"/> with the server's answers.</summary>
    /// <exception cref="PeerException">None came.</exception>
    public void ReadAnswer(Span<byte> to)
    {
        int bytes = to.Length;
        lock (_gate)
        {
            WaitUntil(() => _answers.Count >= bytes);
            foreach (ref byte each in to)
                each = _answers.Dequeue();
        }
    }

    /// <summary>The next frame for a connection, which waits for it; null: there will be none, or the connection is
    /// lost.</summary>
    public SentFrame? Next(SentStream stream)
    {
        lock (_gate)
        {
            SentFrame? frame = null;
            while (!stream.IsLost && !_isOver && !TryNext(stream, out frame))
                Monitor.Wait(_gate);
            stream.Sending = frame;
            return frame;
        }
    }

    /// <summary>A connection has sent the frame that it got.</summary>
    public void Sent(SentStream stream)
    {
        lock (_gate)
        {
            stream.Sent.Enqueue(stream.Sending!);
            stream.Sending = null;
            Forget(stream, keeps ? _taken : ulong.MaxValue);
            Happened();
        }
    }

    /// <summary>The server has taken the frames below a number, and has answered.</summary>
    public void Heard(StreamReport report, ReadOnlySpan<byte> answers)
    {
        lock (_gate)
        {
            if (report.Taken == StreamReport.Failed)
            {
                End(new PeerException($"{name} has failed: its log says why"));
                return;
            }
            if (report.From > _heard || report.Taken > _next)
                throw new PeerException($"{name} sent a report that makes no sense");
            var news = answers[Math.Min(_heard - report.From, answers.Length)..];
            if (!news.IsEmpty || report.Taken > _taken)
                Progress++;
            foreach (byte each in news)
                _answers.Enqueue(each);
            _heard += news.Length;
            _taken = Math.Max(_taken, report.Taken);
            foreach (var stream in _streams)
                Forget(stream, _taken);
            Happened();
        }
    }

    /// <summary>A connection is lost: what it has sent will be sent again, unless the server has taken it.</summary>
    public void Lost(SentStream stream)
    {
        lock (_gate)
        {
            if (stream.Sending is { } sending)
                stream.Sent.Enqueue(sending);
            stream.Sending = null;
            while (stream.Again.TryDequeue(out var frame))
                stream.Sent.Enqueue(frame);
            (stream.Sent, stream.Again) = (stream.Again, stream.Sent);
            Happened();
        }
    }

    /// <summary>Says so where something has changed that others may wait for.</summary>
    /// <param name="change">Called while no other thread looks.</param>
    public void Change(Action change)
    {
        lock (_gate)
        {
            change();
            Happened();
        }
    }

    /// <summary>Waits for a time, or for the end; whether that has come.</summary>
    public bool IsOverAfter(TimeSpan time)
    {
        lock (_gate)
        {
            for (long start = Stopwatch.GetTimestamp(); !_isOver && Stopwatch.GetElapsedTime(start) is var gone && gone < time;)
                Monitor.Wait(_gate, time - gone);
            return _isOver;
        }
    }

    /// <summary>There will be no more frames; with a failure, whoever waits for something gets it.</summary>
    public void End(Exception? failure = null)
    {
        lock (_gate)
        {
            (_failure, _isOver) = (_failure ?? failure, true);
            Happened();
        }
    }

    /// <summary>Frees the frames' memory, once no one sends any more.</summary>
    public void Dispose() => _all.ForEach(frame => frame.Dispose());

    private bool TryNext(SentStream stream, out SentFrame? frame)
    {
        while (stream.Again.TryDequeue(out frame))
            if (frame.Number >= _taken)
                return true;
            else
                Free(frame);
        return _ready.TryDequeue(out frame);
    }

    private void Forget(SentStream stream, ulong below)
    {
        while (stream.Sent.TryPeek(out var frame) && frame.Number < below)
            Free(stream.Sent.Dequeue());
    }

    private void Free(SentFrame frame)
    {
        _free.Push(frame);
        Monitor.PulseAll(_gate);
    }

    private void Happened()
    {
        _events++;
        Monitor.PulseAll(_gate);
    }

    private void WaitUntil(Func<bool> holds)
    {
        var (start, events, unacknowledged) = (Stopwatch.GetTimestamp(), _events, Unacknowledged());
        while (!holds())
        {
            if (_failure is not null)
                ExceptionDispatchInfo.Throw(_failure);
            if (_isOver)
                throw new PeerException($"the connection to {name} was ended");
            if (patience == Timeout.InfiniteTimeSpan)
            {
                Monitor.Wait(_gate);
                continue;
            }
            var left = patience - Stopwatch.GetElapsedTime(start);
            if (left > TimeSpan.Zero && Monitor.Wait(_gate, left))
                continue;
            if (events == _events && Unacknowledged() >= unacknowledged && !_streams.Exists(stream => stream.IsBusy))
                IsSilent();
            (start, events, unacknowledged) = (Stopwatch.GetTimestamp(), _events, Unacknowledged());
        }
    }

    // Where connections may drop, this one may have without a word.
    private void IsSilent()
    {
        var silent = new PeerException($"{name} was silent for {patience.TotalSeconds:0.#} s");
        if (keeps)
            _streams.ForEach(stream => stream.Lose(silent));
        else
            (_failure, _isOver) = (silent, true);
        Monitor.PulseAll(_gate);
    }

    private int Unacknowledged() => _streams.Sum(stream => stream.BytesUnacknowledged);
}
