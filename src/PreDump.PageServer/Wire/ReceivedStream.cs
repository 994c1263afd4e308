namespace PreDump.PageServer.Wire;

/// <summary>One connection of a round, on the server's side. Its thread reads frames, the session's reports what it has
/// taken.</summary>
internal sealed class ReceivedStream : IDisposable
{
    private const int MostHeld = 3; // frames: one that is taken, one that waits, one that comes

    private readonly Peer _peer;
    private readonly FrameUnpacker _unpacker;
    private readonly Lock _reporting = new();
    private readonly List<ReceivedFrame> _all = [];
    private int _answered; // bytes of answers that were sent here
    private bool _isOpen; // whether it may be reported to

    /// <param name="peer">The client; the caller disposes it, once <see cref="ReceivedStreams.Run"/> has returned.</param>
    /// <param name="order">How many were there before.</param>
    public ReceivedStream(Peer peer, int order) =>
        (_peer, Order, _unpacker) = (peer, order, new FrameUnpacker(peer, FrameHead.MostInStreams));

    /// <summary>How many connections were there before.</summary>
    public int Order { get; }

    /// <summary>Frames that are not in use. Read and written only under the lock of the round's streams.</summary>
    public Stack<ReceivedFrame> Free { get; } = [];

    /// <summary>Whether one more frame may be made.</summary>
    public bool MayHoldMore => _all.Count < MostHeld;

    /// <summary>One more frame.</summary>
    public ReceivedFrame NewFrame()
    {
        _all.Add(new ReceivedFrame(this));
        return _all[^1];
    }

    /// <summary>Reads a frame; false: the last one has come.</summary>
    /// <param name="to">Free.</param>
    /// <param name="patience">How long the client may be silent inside of a frame.</param>
    /// <param name="between">And before one.</param>
    /// <exception cref="PeerException">The connection dropped, or what came makes no sense.</exception>
    public bool Read(ReceivedFrame to, TimeSpan patience, TimeSpan between)
    {
        Span<byte> bytes = stackalloc byte[FrameHead.Length];
        _peer.Patience = between;
        if (!_peer.TryReadExactly(bytes))
            throw new PeerException($"{_peer.Name} hung up before it said that all is sent");
        _peer.Patience = patience;
        var head = FrameHead.Read(bytes);
        if (head.IsEnd)
            return false;
        if (!head.IsValidInStreams)
            throw new PeerException($"{_peer.Name} sent a frame that makes no sense");
        to.Fill(head, _unpacker);
        return true;
    }

    /// <summary>From now on it may be reported to: the client knows that it has joined.</summary>
    public void Open()
    {
        lock (_reporting)
            _isOpen = true;
    }

    /// <summary>Says what was taken, and the answers that were not said here yet. Nothing happens if that can't be sent: whoever
    /// connects instead is told.</summary>
    /// <param name="news">The number of frames that were taken, and the answers from a byte on.</param>
    public void Report(Func<int, (ulong Taken, byte[] Answers)> news)
    {
        try
        {
            lock (_reporting)
            {
                if (!_isOpen)
                    return;
                var (taken, answers) = news(_answered);
                Span<byte> report = stackalloc byte[StreamReport.Length];
                new StreamReport(taken, _answered, answers.Length).Write(report);
                _peer.Send(report, answers);
                _answered += answers.Length;
            }
        }
        catch (PeerException)
        {
            BreakOff();
        }
    }

    /// <summary>Ends the connection at once.</summary>
    public void BreakOff() => _peer.BreakOff();

    /// <summary>Frees the frames' memory. Nothing is sent any more: the socket's descriptor may soon be another's.</summary>
    public void Dispose()
    {
        lock (_reporting)
            _isOpen = false;
        _all.ForEach(frame => frame.Dispose());
    }
}
