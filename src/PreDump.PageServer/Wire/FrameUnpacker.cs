using K4os.Compression.LZ4;

namespace PreDump.PageServer.Wire;

/// <summary>Reads the stretch of a frame, and unpacks it where it is compressed: it has to give exactly as many bytes as its head
/// says. Used by one thread.</summary>
/// <param name="peer">The client.</param>
/// <param name="mostBytes">The longest compressed frame, in bytes.</param>
internal sealed class FrameUnpacker(Peer peer, int mostBytes)
{
    private readonly byte[] _wire = new byte[mostBytes];

    /// <summary>Reads what follows a head.</summary>
    /// <param name="head">Valid.</param>
    /// <param name="to">Gets the stretch.</param>
    /// <exception cref="PeerException">It ended before its end, or is damaged.</exception>
    public void Read(FrameHead head, Span<byte> to)
    {
        to = to[..head.Bytes];
        var wire = head.IsPacked ? _wire.AsSpan(0, head.WireBytes) : to;
        if (!peer.TryReadExactly(wire))
            throw new PeerException($"{peer.Name} hung up in the middle of a frame");
        if (head.IsPacked && LZ4Codec.Decode(wire, to) != head.Bytes)
            throw new PeerException($"{peer.Name} sent a compressed frame that is damaged");
    }
}
