namespace PreDump.PageServer;

/// <summary>Sends a client's messages and pages in frames, compressed where that pays. Used by one thread at a time.</summary>
internal sealed class FrameWriter
{
    private readonly Peer _peer;
    private readonly LinkSpeed _link = new();
    private readonly Compressor _compressor;
    private readonly byte[] _gathered = new byte[FrameHead.MostPacked];
    private int _bytes; // that are gathered
    private ulong _next;

    /// <param name="peer">The server, which expects frames from now on.</param>
    /// <param name="mode">What is compressed.</param>
    public FrameWriter(Peer peer, CompressionMode mode) => (_peer, _compressor) = (peer, new Compressor(mode, _link));

    /// <summary>Bytes of messages and pages that were sent, before they were compressed.</summary>
    public long Bytes { get; private set; }

    /// <summary>Sends messages, each followed by its pages (see <see cref="Peer.Send(ReadOnlySpan{byte}, ReadOnlySpan{byte}, int,
    /// ReadOnlySpan{byte}, ReadOnlySpan{int})"/>).</summary>
    public void Send(ReadOnlySpan<byte> heads, int headBytes, ReadOnlySpan<byte> body, ReadOnlySpan<int> parts)
    {
        _link.Look(_peer.BytesSent, _peer.BytesQueued);
        bool tries = _compressor.IsOn;
        if (!tries && !_peer.IsTls)
        {
            Span<byte> head = stackalloc byte[FrameHead.Length];
            Begin(head, heads.Length + body.Length, heads.Length + body.Length);
            _peer.Send(head, heads, headBytes, body, parts);
            return;
        }
        for (int i = 0; i < parts.Length; i++)
        {
            Gather(heads.Slice(i * headBytes, headBytes), tries);
            Gather(body[..parts[i]], tries);
            body = body[parts[i]..];
        }
        SendGathered(tries);
    }

    private void Gather(ReadOnlySpan<byte> bytes, bool tries)
    {
        while (!bytes.IsEmpty)
        {
            if (_bytes == _gathered.Length)
                SendGathered(tries);
            int some = Math.Min(bytes.Length, _gathered.Length - _bytes);
            bytes[..some].CopyTo(_gathered.AsSpan(_bytes));
            _bytes += some;
            bytes = bytes[some..];
        }
    }

    private void SendGathered(bool tries)
    {
        ReadOnlySpan<byte> bytes = _gathered.AsSpan(0, _bytes), packed = tries ? _compressor.TryPack(bytes) : default;
        var wire = packed.IsEmpty ? bytes : packed;
        Span<byte> head = stackalloc byte[FrameHead.Length];
        Begin(head, bytes.Length, wire.Length);
        _link.Look(_peer.BytesSent, _peer.BytesQueued);
        _peer.Send(head, wire);
        _bytes = 0;
    }

    private void Begin(Span<byte> head, int bytes, int wireBytes)
    {
        new FrameHead(_next++, bytes, wireBytes).Write(head);
        Bytes += bytes;
    }
}
