using PreDump.Linux;

namespace PreDump.PageServer;

/// <summary>What a peer has sent and nobody has taken yet. It is received in pieces as large as they come, whatever is in them:
/// messages, pages, or the one between the other.</summary>
public sealed class Inbox(Peer peer) : IDisposable
{
    // Enough for messages; a peer that sends pages gets the larger one.
    private const int SmallBytes = 4096, LargeBytes = 1024 * 1024;

    private readonly NativeBuffer _buffer = new(SmallBytes);
    private int _start, _end;

    /// <summary>How many bytes are here.</summary>
    private int AtHand => _end - _start;

    /// <summary>So many of the next bytes, without taking them; empty where the stream has ended before the first.</summary>
    /// <exception cref="PeerException">It ended inside of them, or nothing came for too long.</exception>
    public ReadOnlySpan<byte> Peek(int bytes)
    {
        if (AtHand < bytes)
        {
            MoveToFront();
            while (AtHand < bytes)
            {
                int got = peer.Read(_buffer.Span[_end..]);
                if (got == 0)
                    return AtHand == 0 ? default : throw new PeerException($"{peer.Name} hung up in the middle of a message");
                _end += got;
            }
        }
        return _buffer.Span.Slice(_start, bytes);
    }

    /// <summary>Takes bytes that were looked at.</summary>
    public void Skip(int bytes) => _start += bytes;

    /// <summary>Takes whole pages: at least one, and no more than so many. Valid until the next call.</summary>
    /// <exception cref="PeerException">The stream ended, or nothing came for too long.</exception>
    public ReadOnlySpan<byte> TakePages(ulong most)
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

    /// <summary>Whether nothing is here: the next look waits for the peer.</summary>
    public bool IsEmpty => AtHand == 0;

    private void MoveToFront()
    {
        _buffer.Span[_start.._end].CopyTo(_buffer.Span);
        (_start, _end) = (0, AtHand);
    }
}
