namespace PreDump.PageServer.Wire;

/// <summary>Where the bytes of a client's messages and pages come from.</summary>
public interface IIncoming
{
    /// <summary>Takes at least one byte; 0 where the stream has ended.</summary>
    /// <exception cref="PeerException">It broke.</exception>
    int Read(Span<byte> to);
}
