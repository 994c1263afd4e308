namespace PreDump.PageServer.Wire;

/// <summary>The way of a client's messages to a page server, and of its answers back. Used by one thread at a time; only
/// <see cref="BreakOff"/> may come from any.</summary>
internal interface IWire : IDisposable
{
    /// <summary>Bytes that were sent so far, over the network.</summary>
    long BytesSent { get; }

    /// <summary>Sends messages, each followed by its pages (see <see cref="Peer.Send(ReadOnlySpan{byte}, ReadOnlySpan{byte}, int,
    /// ReadOnlySpan{byte}, ReadOnlySpan{int})"/>).</summary>
    /// <exception cref="PeerException">The server can't be reached any more.</exception>
    void Send(ReadOnlySpan<byte> heads, int headBytes, ReadOnlySpan<byte> body, ReadOnlySpan<int> parts);

    /// <summary>Waits for an answer that fills <paramref name="to"/>.</summary>
    /// <exception cref="PeerException">None came.</exception>
    void ReadAnswer(Span<byte> to);

    /// <summary>Says that the last answer has come, and no more will be sent.</summary>
    void End();

    /// <summary>Ends everything at once, from any thread: calls that wait return.</summary>
    void BreakOff();
}
