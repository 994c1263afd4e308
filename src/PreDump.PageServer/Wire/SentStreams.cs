using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using PreDump.Core;

namespace PreDump.PageServer.Wire;

/// <summary>The way to a page server of ours over several connections, or over one that may drop: what is sent is cut into
/// frames, which any connection takes, and which the server puts together by their numbers.</summary>
internal sealed class SentStreams : FrameFiller, IWire
{
    private const int MostKept = 64; // frames, 16 MiB: what is on the way on a link that is fast and long

    private static readonly TimeSpan s_atEnd = TimeSpan.FromSeconds(2);

    private readonly StreamOptions _options;
    private readonly Func<Peer?> _join;
    private readonly IObserver _observer;
    private readonly SentFrames _frames;
    private readonly List<SentStream> _streams = [];
    private readonly string _name;
    private SentFrame? _frame; // that is being filled

    /// <param name="first">The first connection, whose server grants others; owned.</param>
    /// <param name="options">How many there are to be, and what becomes of one that drops.</param>
    /// <param name="join">Makes one more; null: the server doesn't know the round any more.</param>
    /// <param name="observer">Notified of connections that drop.</param>
    /// <exception cref="PreDumpException">Not all connections can be made.</exception>
    public SentStreams(Peer first, StreamOptions options, Func<Peer?> join, IObserver observer)
    {
        (_options, _join, _observer, _name) = (options, join, observer, first.Name);
        bool keeps = options.Retry > TimeSpan.Zero;
        _frames = new SentFrames(_name, keeps ? MostKept : 2 + (2 * options.Count), keeps, options.Patience);
        Peer[] peers;
        try
        {
            peers = [first, .. JoinAll(options.Count - 1)];
        }
        catch
        {
            FrameSender.SendEnd(first); // so that it is not waited for
            throw;
        }
        foreach (var _ in peers)
        {
            _streams.Add(new SentStream(_frames, options.Compression, ComeBack));
            _frames.Add(_streams[^1]);
        }
        for (int i = 0; i < peers.Length; i++)
            _streams[i].Start(peers[i]);
    }

    /// <inheritdoc/>
    public long BytesSent
    {
        get
        {
            long bytes = 0;
            _frames.Change(() => bytes = _streams.Sum(stream => stream.BytesSent));
            return bytes;
        }
    }

    /// <inheritdoc/>
    public void Send(ReadOnlySpan<byte> heads, int headBytes, ReadOnlySpan<byte> body, ReadOnlySpan<int> parts) =>
        Fill(heads, headBytes, body, parts);

    /// <inheritdoc/>
    public void ReadAnswer(Span<byte> to)
    {
        Flush();
        _frames.ReadAnswer(to);
    }

    /// <inheritdoc/>
    public void End()
    {
        _frames.End();
        Join();
    }

    // Each connection says after its frame that this is the end.
    /// <inheritdoc/>
    public void BreakOff() => _frames.End();

    /// <inheritdoc/>
    public void Dispose()
    {
        BreakOff();
        if (Join())
            _frames.Dispose();
    }

    /// <inheritdoc/>
    protected override Span<byte> Frame => (_frame ??= _frames.Take()).Room;

    /// <inheritdoc/>
    protected override void SendFrame(int bytes)
    {
        _frame!.Length = bytes;
        _frames.Add(_frame);
        _frame = null;
    }

    // At the same time: on a long link each takes a while.
    private Peer[] JoinAll(int count)
    {
        var peers = new Peer?[count];
        Exception? failure = null;
        var threads = Enumerable.Range(0, count).Select(i => new Thread(() =>
        {
            try
            {
                peers[i] = _join() ?? throw Forgotten();
            }
            catch (Exception e)
            {
                failure = e;
            }
        }, SentStream.StackBytes)
        { IsBackground = true }).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        if (failure is null)
            return peers!;
        foreach (var peer in peers)
            peer?.Dispose();
        ExceptionDispatchInfo.Throw(failure);
        return [];
    }

    // Whether all threads have ended; one that is about to connect may take its time.
    private bool Join()
    {
        if (HaveEnded())
            return true;
        _frames.Change(() => _streams.ForEach(stream => stream.BreakOff()));
        return HaveEnded();
    }

    private bool HaveEnded()
    {
        long start = Stopwatch.GetTimestamp();
        return _streams.TrueForAll(stream =>
            stream.Join(s_atEnd - Stopwatch.GetElapsedTime(start) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero));
    }

    private Peer? ComeBack(SentStream stream, PeerException why)
    {
        if (_options.Retry == TimeSpan.Zero || _frames.IsOverAfter(TimeSpan.Zero))
        {
            _frames.End(why);
            return null;
        }
        string time = $"{_options.Retry.TotalSeconds:0.#} s", last = why.Message;
        _observer.Warn($"{why.Message}: trying to connect again for {time}");
        var attempts = stream.Attempts;
        _frames.Change(() => attempts.Look(_frames.Progress));
        while (attempts.Time < _options.Retry)
        {
            if (_frames.IsOverAfter(attempts.NextPause()))
                return null;
            try
            {
                if (_join() is not { } peer)
                {
                    _frames.End(Forgotten());
                    return null;
                }
                _observer.Note($"connected to {_name} again after {attempts.Time.TotalSeconds:0.0} s");
                return peer;
            }
            catch (Exception e) when (e is PreDumpException or SocketException)
            {
                last = e.Message;
            }
        }
        _frames.End(new PeerException($"{why.Message}, and the round could not go on within {time}: {last}"));
        return null;
    }

    private PeerException Forgotten() => new($"{_name} knows no more of this round: its log says why");
}
