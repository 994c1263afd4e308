namespace PreDump.PageServer.Wire;

/// <summary>Sends frames over a connection, compressed where that pays. Used by one thread at a time.</summary>
internal sealed class FrameSender
{
    private readonly Peer _peer;
    private readonly LinkSpeed _link = new();
    private readonly Compressor _compressor;

    /// <param name="peer">The server, which expects frames.</param>
    /// <param name="mode">What is compressed.</param>
    /// <param name="mostBytes">The longest frame, in bytes.</param>
    public FrameSender(Peer peer, CompressionMode mode, int mostBytes) =>
        (_peer, _compressor) = (peer, new Compressor(mode, _link, mostBytes));

    /// <summary>Whether frames are tried to be compressed now: as the link is.</summary>
    /// <param name="next">What is to be sent.</param>
    public bool Tries(ReadOnlySpan<byte> next)
    {
        _link.Look(_peer.BytesSent, _peer.BytesQueued);
        return _compressor.Tries(next);
    }

    /// <summary>Sends a frame.</summary>
    public void Send(ulong number, ReadOnlySpan<byte> bytes, bool tries)
    {
        ReadOnlySpan<byte> packed = tries ? _compressor.TryPack(bytes) : default;
        var wire = packed.IsEmpty ? bytes : packed;
        Span<byte> head = stackalloc byte[FrameHead.Length];
        new FrameHead(number, bytes.Length, wire.Length).Write(head);
        _link.Look(_peer.BytesSent, _peer.BytesQueued);
        _peer.Send(head, wire);
    }

    /// <summary>Says that there will be no more frames.</summary>
    public static void SendEnd(Peer peer)
    {
        Span<byte> end = stackalloc byte[FrameHead.Length];
        default(FrameHead).Write(end);
        peer.Send(end);
    }
}
