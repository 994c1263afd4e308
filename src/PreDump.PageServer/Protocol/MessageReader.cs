using System.Buffers.Binary;
using PreDump.PageServer.Wire;

namespace PreDump.PageServer.Protocol;

/// <summary>Reads a client's messages, and finds out which layout they have. Used by the session's thread alone.</summary>
/// <param name="peer">The client.</param>
/// <param name="patience">How long it may be silent in the middle of a message, and before the first one.</param>
internal sealed class MessageReader(Peer peer, TimeSpan patience) : IDisposable
{
    // A dump does other things between its messages: it freezes, and collects what is no memory.
    private const int PausesOfPatience = 60;

    private readonly Inbox _inbox = new(peer);
    private MessageLayout _layout;
    private ulong _firstId;
    private bool _hasRead, _isPatient;

    /// <summary>How long a client may be silent between its messages.</summary>
    /// <param name="patience">How long it may be in the middle of one.</param>
    public static TimeSpan PatienceBetween(TimeSpan patience) =>
        patience == Timeout.InfiniteTimeSpan ? patience : patience * PausesOfPatience;

    /// <summary>Waits for the next message.</summary>
    /// <exception cref="PeerException">The client hung up, or was silent for too long.</exception>
    public PageServerMessage Read()
    {
        if (!_hasRead)
            ReadLayout();
        if (_inbox.IsEmpty)
            WaitForMessage();
        RefitLayout();
        var bytes = _inbox.Peek((int)_layout);
        if (bytes.IsEmpty)
            throw new PeerException($"{peer.Name} hung up before it said that all is sent (CLOSE): what it sent is discarded");
        var message = PageServerMessage.Read(bytes, _layout);
        _inbox.Skip((int)_layout);
        _hasRead = true;
        return message;
    }

    /// <summary>The next pages, as they come: at least one, and not more than <paramref name="most"/>. Valid until the next
    /// call, and the caller's to change.</summary>
    /// <exception cref="PeerException">The client hung up, or was silent for too long.</exception>
    public Span<byte> TakePages(ulong most) => _inbox.TakePages(most);

    /// <summary>From now on messages and pages come in frames, over this connection.</summary>
    /// <exception cref="PeerException">Some have come already.</exception>
    public void BeginFrames() => _inbox.ReadFrom(new FrameReader(peer, patience));

    /// <summary>From now on they come over several connections, whose own patience it is.</summary>
    /// <exception cref="PeerException">Some have come already.</exception>
    public void BeginStreams(ReceivedStreams streams)
    {
        _inbox.ReadFrom(streams);
        _isPatient = true;
    }

    /// <inheritdoc/>
    public void Dispose() => _inbox.Dispose();

    private void ReadLayout()
    {
        peer.Patience = patience;
        var first = _inbox.Peek((int)MessageLayout.Bytes24);
        if (first.IsEmpty)
            throw new PeerException($"{peer.Name} hung up without a word");
        _layout = PageServerMessage.LayoutOf(first);
        _firstId = _layout == MessageLayout.Bytes24 ? PageServerMessage.Read(first, _layout).DstId : 0;
    }

    private void WaitForMessage()
    {
        if (!_hasRead || _isPatient)
            return;
        peer.Patience = PatienceBetween(patience);
        _inbox.Peek(1);
        peer.Patience = patience;
    }

    // A client that finds out which layout we speak asks in the old one, waits for a moment, and then sends eight bytes more,
    // which say the id again and make a question in the new layout of it. If we were slow, our answer crossed these, and the new
    // layout is agreed upon. No message of the old layout that may come here begins with an id.
    private void RefitLayout()
    {
        if (_firstId == 0 || !_hasRead)
            return;
        var next = _inbox.Peek(sizeof(ulong));
        if (next.IsEmpty)
            return;
        if (BinaryPrimitives.ReadUInt64LittleEndian(next) == _firstId && _layout == MessageLayout.Bytes24)
        {
            _inbox.Skip(sizeof(ulong));
            _layout = MessageLayout.Bytes32;
        }
        _firstId = 0;
        if (_inbox.IsEmpty)
            WaitForMessage();
    }
}
