namespace PreDump.PageServer.Wire;

/// <summary>One connection of a round, and those that come in its stead if it drops. A thread sends, and another one hears the
/// server. What is said to be shared is read and written only under the lock of the frames
/// (<see cref="SentFrames.Change"/>).</summary>
/// <param name="frames">What is to be sent.</param>
/// <param name="mode">What is compressed.</param>
/// <param name="comeBack">Connects again, once that is possible; null: no more is to be sent, or it failed for good and the
/// frames' failure says why.</param>
internal sealed class SentStream(SentFrames frames, CompressionMode mode, Func<SentStream, PeerException, Peer?> comeBack)
{
    /// <summary>The stack of each thread, in bytes.</summary>
    public const int StackBytes = 256 * 1024;

    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(1); // for the server to end the connection, too

    private Peer? _peer; // shared; null while there is no connection
    private PeerException? _why; // shared: it is lost
    private Thread? _thread;
    private long _bytesBefore; // shared: of former connections

    /// <summary>Frames that were sent, and that the server has not taken yet, as far as it is known. Shared.</summary>
    public Queue<SentFrame> Sent { get; set; } = [];

    /// <summary>Frames of a former connection that are to be sent again. Shared.</summary>
    public Queue<SentFrame> Again { get; set; } = [];

    /// <summary>The frame that is being sent. Shared.</summary>
    public SentFrame? Sending { get; set; }

    /// <summary>The attempts to connect again since the server has last taken something. Used by its thread alone.</summary>
    public Attempts Attempts { get; } = new();

    /// <summary>Whether the connection has dropped. Shared.</summary>
    public bool IsLost => _why is not null;

    /// <summary>Whether there is no reason to wait for the server yet. Shared.</summary>
    public bool IsBusy => Sending is not null || _peer is null;

    /// <summary>Bytes on the way. Shared.</summary>
    public int BytesUnacknowledged => _peer?.BytesUnacknowledged ?? 0;

    /// <summary>Bytes that were sent so far. Shared.</summary>
    public long BytesSent => _bytesBefore + (_peer?.BytesSent ?? 0);

    /// <summary>Begins.</summary>
    /// <param name="peer">Connected; owned from now on.</param>
    public void Start(Peer peer)
    {
        _peer = peer;
        _thread = new Thread(() => Guard(() => Run(peer)), StackBytes) { IsBackground = true, Name = peer.Name };
        _thread.Start();
    }

    /// <summary>Takes the connection for lost: its threads notice. Shared.</summary>
    public void Lose(PeerException why)
    {
        _why ??= why;
        _peer?.BreakOff();
    }

    /// <summary>Ends the connection at once. Shared.</summary>
    public void BreakOff() => _peer?.BreakOff();

    /// <summary>Waits until its threads have ended; whether they have.</summary>
    public bool Join(TimeSpan time) => _thread?.Join(time) ?? true;

    private void Run(Peer first)
    {
        for (Peer? peer = first; peer is not null;)
        {
            peer.Patience = Timeout.InfiniteTimeSpan; // it has nothing to say before it has something to take
            var hearing = new Thread(() => Guard(() => Hear(peer)), StackBytes) { IsBackground = true, Name = peer.Name };
            hearing.Start();
            bool isOver = SendAll(peer);
            if (isOver && !hearing.Join(s_grace))
                peer.BreakOff();
            hearing.Join();
            peer = Leave(peer) is { } why && !isOver ? comeBack(this, why) : null;
            frames.Change(() => (_peer, _why) = (peer, null));
        }
    }

    // Whether the last was sent, so that the other side ends the connection, too.
    private bool SendAll(Peer peer)
    {
        try
        {
            var sender = new FrameSender(peer, mode, FrameHead.MostInStreams);
            while (frames.Next(this) is { } frame)
            {
                sender.Send(frame.Number, frame.Bytes, sender.Tries(frame.Bytes));
                frames.Sent(this);
            }
            if (IsLost)
                return false;
            FrameSender.SendEnd(peer);
            return true;
        }
        catch (PeerException e)
        {
            frames.Change(() => Lose(e));
            return false;
        }
    }

    private void Hear(Peer peer)
    {
        try
        {
            var bytes = new byte[StreamReport.Length];
            while (peer.TryReadExactly(bytes))
            {
                var report = StreamReport.Read(bytes);
                if (!report.IsValid)
                    throw new PeerException($"{peer.Name} sent a report that makes no sense");
                var answers = new byte[report.Bytes];
                if (answers.Length > 0)
                    peer.ReadAnswer(answers);
                frames.Heard(report, answers);
            }
            throw new PeerException($"{peer.Name} hung up");
        }
        catch (PeerException e)
        {
            frames.Change(() => Lose(e));
        }
    }

    private PeerException? Leave(Peer peer)
    {
        frames.Change(() =>
        {
            _bytesBefore += peer.BytesSent;
            _peer = null;
        });
        frames.Lost(this);
        peer.Dispose();
        return _why;
    }

    // A thread must not end the process.
    private void Guard(Action run)
    {
        try
        {
            run();
        }
        catch (Exception e)
        {
            frames.End(e);
            frames.Change(BreakOff);
        }
    }
}
