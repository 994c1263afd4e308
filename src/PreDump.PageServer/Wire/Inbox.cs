using PreDump.Linux;

namespace PreDump.PageServer.Wire;

/// <summary>Bytes that a peer has sent and that were not taken yet. They are received in pieces as large as they come: messages,
/// pages, or parts of both. Used by one thread.</summary>
public sealed class Inbox(Peer peer) : IDisposable
{
    // Enough for messages; a peer that sends pages gets the larger one.
    private const int SmallBytes = 4096, LargeBytes = 1024 * 1024;

    private readonly NativeBuffer _buffer = new(SmallBytes);
    private IIncoming _from = peer;
    private int _start, _end;

    /// <summary>The number of bytes that can be taken without waiting.</summary>
    private int AtHand => _end - _start;

    /// <summary>The next bytes, without taking them; empty if the stream has ended before the first.</summary>
    /// <exception cref="PeerException">It ended inside of them, or nothing came for too long.</exception>
    public ReadOnlySpan<byte> Peek(int bytes)
    {
        if (AtHand < bytes)
        {
            MoveToFront();
            while (AtHand < bytes)
            {
                int got = _from.Read(_buffer.Span[_end..]);
                if (got == 0)
                    return AtHand == 0 ? default : throw new PeerException($"{peer.Name} hung up in the middle of a message");
                _end += got;
            }
        }
        return _buffer.Span.Slice(_start, bytes);
    }

    /// <summary>Takes bytes that <see cref="Peek"/> has returned.</summary>
    public void Skip(int bytes) => _start += bytes;

    /// <summary>Takes complete pages: at least one, and not more than <paramref name="most"/>. Valid until the next
    /// call.</summary>
    /// <exception cref="PeerException">The stream ended, or nothing came for too long.</exception>
    public Span<byte> TakePages(ulong most)
    {
        if (_buffer.Length < LargeBytes)
            _buffer.Grow(LargeBytes);
        if (Peek(PageSize.Bytes).IsEmpty)
            throw new PeerException($"{peer.Name} hung up in the middle of its pages");
        int pages = (int)Math.Min(most, (ulong)(AtHand / PageSize.Bytes)), bytes = pages * PageSize.Bytes;
        var taken = _buffer.Span.Slice(_start, bytes);
        _start += bytes;
        return taken;
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();

    /// <summary>Whether the next <see cref="Peek"/> has to wait for the peer.</summary>
    public bool IsEmpty => AtHand == 0;

    /// <summary>From now on what comes is in frames.</summary>
    /// <param name="frames">Where it comes from.</param>
    /// <exception cref="PeerException">Something has come already.</exception>
    public void ReadFrom(IIncoming frames) => _from = IsEmpty && _from == peer ? frames
        : throw new PeerException($"{peer.Name} did not wait for the answer to what it asked for");

    private void MoveToFront()
    {
        _buffer.Span[_start.._end].CopyTo(_buffer.Span);
        (_start, _end) = (0, AtHand);
    }
}
