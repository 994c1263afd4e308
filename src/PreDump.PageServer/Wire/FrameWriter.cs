namespace PreDump.PageServer.Wire;

/// <summary>Makes frames of a client's messages and pages, and sends them over a single connection. Used by one thread at a
/// time.</summary>
/// <param name="peer">The server, which expects frames from now on.</param>
/// <param name="mode">What is compressed.</param>
internal sealed class FrameWriter(Peer peer, CompressionMode mode) : FrameFiller
{
    private readonly FrameSender _sender = new(peer, mode, FrameHead.MostPacked);
    private readonly byte[] _frame = new byte[FrameHead.MostPacked];
    private ulong _next;
    private bool _tries;

    /// <summary>Sends messages, each followed by its pages (see <see cref="IWire.Send"/>).</summary>
    public void Send(ReadOnlySpan<byte> heads, int headBytes, ReadOnlySpan<byte> body, ReadOnlySpan<int> parts)
    {
        _tries = _sender.Tries(body);
        if (_tries || peer.IsTls)
        {
            Fill(heads, headBytes, body, parts);
            Flush();
            return;
        }
        // Nothing is copied.
        Span<byte> head = stackalloc byte[FrameHead.Length];
        new FrameHead(_next++, heads.Length + body.Length, heads.Length + body.Length).Write(head);
        peer.Send(head, heads, headBytes, body, parts);
    }

    /// <inheritdoc/>
    protected override Span<byte> Frame => _frame;

    /// <inheritdoc/>
    protected override void SendFrame(int bytes) => _sender.Send(_next++, _frame.AsSpan(0, bytes), _tries);
}
