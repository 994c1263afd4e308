namespace PreDump.PageServer.Wire;

/// <summary>A single connection, in frames or, for criu's servers, without.</summary>
/// <param name="peer">The server; owned.</param>
internal sealed class PlainWire(Peer peer) : IWire
{
    /// <summary>Makes frames of what is sent; null: it is sent as it is.</summary>
    public FrameWriter? Frames { get; init; }

    /// <inheritdoc/>
    public long BytesSent => peer.BytesSent;

    /// <inheritdoc/>
    public void Send(ReadOnlySpan<byte> heads, int headBytes, ReadOnlySpan<byte> body, ReadOnlySpan<int> parts)
    {
        if (Frames is { } frames)
            frames.Send(heads, headBytes, body, parts);
        else
            peer.Send(default, heads, headBytes, body, parts);
    }

    /// <inheritdoc/>
    public void ReadAnswer(Span<byte> to) => peer.ReadAnswer(to);

    /// <inheritdoc/>
    public void End() => peer.EndSending();

    /// <inheritdoc/>
    public void BreakOff() => peer.BreakOff();

    /// <inheritdoc/>
    public void Dispose() => peer.Dispose();
}
