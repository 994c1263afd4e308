using System.Buffers.Binary;
using System.Diagnostics;
using PreDump.Core;
using PreDump.Images;
using PreDump.PageServer.Protocol;
using PreDump.PageServer.Wire;

namespace PreDump.PageServer.Serving;

/// <summary>One client's messages, from its first to its CLOSE. Nothing that it sends is trusted. A session has a thread of its
/// own.</summary>
/// <param name="peer">The client.</param>
/// <param name="begin">Called once its first message makes sense; says where the images go.</param>
/// <param name="request">How long it may be silent in the middle of a message, and whether its pages are compared.</param>
/// <param name="observer">Notified of what is odd.</param>
public sealed class Session(Peer peer, Func<IRound> begin, ServerRequest request, IObserver observer) : IDisposable
{
    private const int StackBytes = 256 * 1024;

    private readonly MessageReader _messages = new(peer, request.Timeout);
    private readonly long _start = Stopwatch.GetTimestamp();
    private SessionImages? _images;
    private ReceivedStreams? _streams; // null: this is the only connection
    private Thread? _reading;

    /// <summary>The rounds that more connections may join; null: none.</summary>
    internal OpenRounds? OpenRounds { get; init; }

    /// <summary>Called once it turns out that the connection is one more of a round that is under way.</summary>
    internal Action Joins { get; init; } = () => { };

    /// <summary>Goes through the session until its images are complete and in their place, and the peer knows; null: the
    /// connection was one more of another session's.</summary>
    /// <exception cref="PeerException">The peer hung up before, was silent for too long, or sent what makes no sense.</exception>
    public SessionResult? Run()
    {
        while (true)
        {
            var message = _messages.Read();
            if (_images is null && Negotiation.TokenIn(message) is { } token)
            {
                Join(token);
                return null;
            }
            var images = _images ??= Begin(message);
            switch (message.Command)
            {
                case PageServerCommandCode.Parent when Negotiation.WishesIn(message) is { } wishes:
                    Grant(wishes, Negotiation.RetryIn(message));
                    break;
                case PageServerCommandCode.Parent:
                    AnswerParent(images, IdOf(message));
                    break;
                case PageServerCommandCode.Open:
                    images.Open(IdOf(message));
                    break;
                case PageServerCommandCode.Open2:
                    images.Open(IdOf(message));
                    Send([(byte)(images.HasParentFor(message) ? 1 : 0)]);
                    break;
                case PageServerCommandCode.Add:
                    images.Add(message, PageFlags.Present);
                    break;
                case PageServerCommandCode.Hole:
                    images.Add(message, PageFlags.Parent);
                    break;
                case PageServerCommandCode.AddFlags:
                    images.Add(message, message.Flags);
                    break;
                case PageServerCommandCode.Close or PageServerCommandCode.ForceClose:
                    return Finish(images);
                case PageServerCommandCode.Get:
                    throw Refused("asks for lazy pages, which this page server does not give");
                default:
                    throw Refused($"sent an unknown command (0x{(ushort)message.Command:x})");
            }
        }
    }

    /// <summary>After <see cref="Run"/>: waits until the peer has hung up, too, unless that takes too long.</summary>
    public void WaitForHangUp()
    {
        if (_streams is { } streams)
        {
            if (!streams.WaitForEnd())
                observer.Detail($"{peer.Name} did not say that it has heard: this does no harm, its images are complete");
            OpenRounds?.Remove(streams);
            streams.Dispose();
            return;
        }
        try
        {
            peer.EndSending();
            peer.Patience = request.Timeout;
            if (peer.Read(stackalloc byte[1]) != 0)
                observer.Warn($"{peer.Name} sent something after its last message: that is ignored");
        }
        catch (PeerException e)
        {
            observer.Detail($"{e.Message}: this does no harm, its images are complete");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_streams is { } streams)
        {
            OpenRounds?.Remove(streams);
            streams.Dispose();
            _reading?.Join();
        }
        _images?.Dispose();
        _messages.Dispose();
    }

    private SessionImages Begin(PageServerMessage message)
    {
        if (message.Command is not (PageServerCommandCode.Parent or PageServerCommandCode.Open or PageServerCommandCode.Open2
            or PageServerCommandCode.Close or PageServerCommandCode.ForceClose))
            throw Refused("is no client of a page server: its first message makes no sense");
        if (message.Command is not (PageServerCommandCode.Close or PageServerCommandCode.ForceClose))
            _ = IdOf(message);
        return new SessionImages(begin(), peer, _messages, request.Compares, observer);
    }

    private PagesId IdOf(PageServerMessage message) =>
        PagesId.TryFrom(message.DstId) ?? throw Refused($"named pages of no task and no shared memory (id 0x{message.DstId:x})");

    private void Grant(Features wishes, TimeSpan retry)
    {
        if (wishes.HasFlag(Features.Streams) && OpenRounds is { } rounds && _streams is null)
        {
            GrantStreams(rounds, retry);
            return;
        }
        var granted = wishes & Features.Frames;
        if (granted.HasFlag(Features.Frames))
            _messages.BeginFrames();
        Answer(Negotiation.Answer(granted));
    }

    private void GrantStreams(OpenRounds rounds, TimeSpan retry)
    {
        var streams = new ReceivedStreams(
            peer.Name, retry, request.Timeout, MessageReader.PatienceBetween(request.Timeout), observer);
        _messages.BeginStreams(streams);
        _streams = streams;
        rounds.Add(streams); // before the client knows how to join
        var first = streams.Join(peer) ?? throw Refused("did not get a connection of its own round");
        var reading = new Thread(() => streams.Run(first, SayToken), StackBytes) { IsBackground = true, Name = peer.Name };
        try
        {
            reading.Start();
            _reading = reading;
        }
        catch (OutOfMemoryException)
        {
            streams.Run(first, () => throw Refused("has no thread: no more are allowed"));
        }

        void SayToken()
        {
            Span<byte> bytes = stackalloc byte[sizeof(int) + StreamToken.Bytes];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, Negotiation.Answer(Features.Streams));
            streams.Token.Write(bytes[sizeof(int)..]);
            peer.Send(bytes);
        }
    }

    private void Join(StreamToken token)
    {
        var round = OpenRounds?.Find(token);
        if (round?.Join(peer) is { } stream)
        {
            Joins();
            round.Run(stream, () => Answer(Negotiation.Answer(Features.Join)));
        }
        else
            Answer(Negotiation.Answer(Features.None));
    }

    private void AnswerParent(SessionImages images, PagesId id) => Answer(images.MayLeaveToParent(id) ? 1 : 0);

    private void Answer(int number)
    {
        Span<byte> answer = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(answer, number);
        Send(answer);
    }

    private void Send(ReadOnlySpan<byte> answer)
    {
        if (_streams is { } streams)
            streams.Answer(answer);
        else
            peer.Send(answer);
    }

    private SessionResult Finish(SessionImages images)
    {
        Span<byte> status = stackalloc byte[sizeof(int)];
        FinishedRound finished;
        try
        {
            finished = images.Finish();
        }
        catch
        {
            status.Fill(0xff); // -1
            TrySend(status);
            throw;
        }
        TrySend(status);
        return new SessionResult(
            finished, peer.Name, images.Tasks, images.Pages, images.PagesInParent, Stopwatch.GetElapsedTime(_start));
    }

    private void TrySend(ReadOnlySpan<byte> status)
    {
        try
        {
            Send(status);
        }
        catch (PeerException e)
        {
            observer.Warn($"{e.Message}: it does not know what became of its images");
        }
    }

    private PeerException Refused(string what) => new($"{peer.Name} {what}");
}
