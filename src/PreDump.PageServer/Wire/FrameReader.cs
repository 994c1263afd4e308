namespace PreDump.PageServer.Wire;

/// <summary>The bytes of a client's messages and pages, out of the frames in which they come. Nothing in a frame is trusted: a
/// compressed one has to give exactly as many bytes as it says, of which there is a limit. Used by the session's thread
/// alone.</summary>
/// <param name="peer">The client.</param>
/// <param name="patience">How long it may be silent inside of a frame.</param>
internal sealed class FrameReader(Peer peer, TimeSpan patience) : IIncoming
{
    private readonly FrameUnpacker _unpacker = new(peer, FrameHead.MostPacked);
    private readonly byte[] _unpacked = new byte[FrameHead.MostPacked];
    private readonly byte[] _head = new byte[FrameHead.Length];
    private int _headBytes; // of the next frame's head, that were read with the frame before: a read of its own costs as much
    private ulong _next;
    private int _left; // of a frame that is not compressed, in bytes
    private int _start, _end; // of what is unpacked, and not yet read

    /// <summary>Reads at least one byte; 0 where the stream has ended between two frames.</summary>
    /// <exception cref="PeerException">It ended elsewhere, or a frame makes no sense.</exception>
    public int Read(Span<byte> to)
    {
        if (_left == 0 && _start == _end)
        {
            if (!peer.TryReadExactly(_head.AsSpan(_headBytes)))
                return _headBytes == 0 ? 0 : throw new PeerException($"{peer.Name} hung up in the middle of a frame");
            _headBytes = 0;
            peer.Patience = patience;
            var head = FrameHead.Read(_head);
            if (!head.IsValid || head.Number != _next++)
                throw new PeerException($"{peer.Name} sent a frame that makes no sense");
            if (head.IsPacked)
                Unpack(head);
            else
                _left = head.Bytes;
        }
        return _left > 0 ? ReadRaw(to) : ReadUnpacked(to);
    }

    private int ReadRaw(Span<byte> to)
    {
        bool hasRoom = to.Length >= _left;
        int got = hasRoom ? peer.Read(to[.._left], _head) : peer.Read(to);
        if (got == 0)
            throw new PeerException($"{peer.Name} hung up in the middle of a frame");
        _headBytes = Math.Max(got - _left, 0);
        got -= _headBytes;
        _left -= got;
        return got;
    }

    private int ReadUnpacked(Span<byte> to)
    {
        int bytes = Math.Min(to.Length, _end - _start);
        _unpacked.AsSpan(_start, bytes).CopyTo(to);
        _start += bytes;
        return bytes;
    }

    private void Unpack(FrameHead head)
    {
        _unpacker.Read(head, _unpacked);
        (_start, _end) = (0, head.Bytes);
    }
}
