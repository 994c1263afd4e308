using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using PreDump.Linux;

namespace PreDump.PageServer.Wire;

/// <summary>The other side of a page server's connection, plain or by TLS. Whatever goes wrong with it is a
/// <see cref="PeerException"/>. One thread at a time sends, and one receives; only <see cref="BreakOff"/> may come from
/// any.</summary>
public sealed class Peer : IIncoming, IDisposable
{
    // CRIU reads a run's pages in blocks, and what a record has beyond a block's end it never sees: no record may cross one.
    private const int MostOfRecord = 16 * 1024;

    private readonly Socket _socket;
    private readonly StreamSocket _plain;
    private readonly SslStream? _tls;
    private readonly bool _isShared;

    /// <param name="socket">Connected; disposed with the peer.</param>
    /// <param name="name">For messages.</param>
    /// <param name="patience">How long it may be silent.</param>
    /// <param name="tls">Makes the socket's stream a TLS one; null: plain.</param>
    /// <param name="isShared">Whether the socket is inherited: whoever made it may use the connection for the next round.</param>
    public Peer(Socket socket, string name, TimeSpan patience, Func<Stream, SslStream>? tls = null, bool isShared = false)
    {
        (_socket, Name, _isShared) = (socket, name, isShared);
        _plain = new StreamSocket((int)socket.Handle, name, patience);
        if (socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
            socket.NoDelay = true;
        if (tls is null)
            return;
        try
        {
            _tls = Guarded(() => tls(new SocketStream(_plain)));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>For messages.</summary>
    public string Name { get; }

    /// <summary>Its address; null: it has none, as at a Unix socket.</summary>
    public string? Address => (_socket.RemoteEndPoint as IPEndPoint)?.Address.ToString();

    /// <summary>Whether TLS is used.</summary>
    public bool IsTls => _tls is not null;

    /// <summary>Waits for something to read, on a plain connection.</summary>
    public bool IsReadable(TimeSpan patience) => _socket.Poll(patience, SelectMode.SelectRead);

    /// <summary>How long it may be silent; whatever that is, it has to take what is sent within the time that it was made
    /// with.</summary>
    public TimeSpan Patience { set => _plain.Patience = value; }

    /// <inheritdoc/>
    public int Read(Span<byte> to) => Read(to, default);

    /// <summary>Reads once; 0 where the stream has ended.</summary>
    /// <param name="to">Gets the bytes.</param>
    /// <param name="then">Gets those that have come as well, where there is no more room in the first one.</param>
    public int Read(Span<byte> to, Span<byte> then)
    {
        try
        {
            return _tls is { } tls ? tls.Read(to) : _plain.Receive(to, then);
        }
        catch (Exception e) when (PeerException.TryFrom(e, Name) is { } broken)
        {
            throw broken;
        }
    }

    /// <summary>Fills <paramref name="to"/>; false where the stream ended before its first byte.</summary>
    /// <exception cref="PeerException">It ended in the middle.</exception>
    public bool TryReadExactly(Span<byte> to)
    {
        for (int done = 0; done < to.Length;)
        {
            int got = Read(to[done..]);
            if (got == 0)
                return done == 0 ? false : throw new PeerException($"{Name} hung up in the middle of a message");
            done += got;
        }
        return true;
    }

    /// <summary>Fills <paramref name="to"/> with an answer.</summary>
    /// <exception cref="PeerException">It hung up, or was silent for too long.</exception>
    public void ReadAnswer(Span<byte> to)
    {
        if (!TryReadExactly(to))
            throw new PeerException($"{Name} hung up: its log says why");
    }

    /// <summary>Bytes that were sent so far, those of TLS included.</summary>
    public long BytesSent => _plain.BytesSent;

    /// <summary>Those of them that still wait for the link.</summary>
    public int BytesQueued => _plain.BytesQueued;

    /// <summary>Those of them that its kernel has not taken yet.</summary>
    public int BytesUnacknowledged => _plain.BytesUnacknowledged;

    /// <summary>Sends bytes.</summary>
    public void Send(ReadOnlySpan<byte> bytes) => Send(default, bytes, bytes.Length, default, [0]);

    /// <summary>Sends bytes, and others after them.</summary>
    public void Send(ReadOnlySpan<byte> first, ReadOnlySpan<byte> then) => Send(first, then, then.Length, default, [0]);

    /// <summary>Sends messages, each followed by its pages.</summary>
    /// <param name="first">Precedes all.</param>
    /// <param name="heads">The messages, one after another.</param>
    /// <param name="headBytes">The length of a message, in bytes.</param>
    /// <param name="body">The pages.</param>
    /// <param name="parts">The number of bytes of pages that follow each message.</param>
    public void Send(
        ReadOnlySpan<byte> first, ReadOnlySpan<byte> heads, int headBytes, ReadOnlySpan<byte> body, ReadOnlySpan<int> parts)
    {
        try
        {
            if (_tls is null)
                _plain.Send(first, heads, headBytes, body, parts);
            else
                SendRecords(_tls, first, heads, headBytes, body, parts);
        }
        catch (Exception e) when (PeerException.TryFrom(e, Name) is { } broken)
        {
            throw broken;
        }
    }

    /// <summary>Says that no more will be sent, unless others may go on to use the connection.</summary>
    public void EndSending()
    {
        try
        {
            _tls?.ShutdownAsync().Wait(TimeSpan.FromSeconds(1));
            if (!_isShared)
                _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is AggregateException or IOException or SocketException or InvalidOperationException)
        {
            // It has gone, which is as good.
        }
    }

    /// <summary>Ends the connection at once, from any thread: calls that wait for it return.</summary>
    public void BreakOff()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tls?.Dispose();
        _socket.Dispose();
    }

    private static void SendRecords(SslStream tls, ReadOnlySpan<byte> first, ReadOnlySpan<byte> heads, int headBytes,
        ReadOnlySpan<byte> body, ReadOnlySpan<int> parts)
    {
        if (!first.IsEmpty)
            tls.Write(first);
        for (int i = 0; i < parts.Length; i++)
        {
            tls.Write(heads.Slice(i * headBytes, headBytes));
            for (var rest = body[..parts[i]]; !rest.IsEmpty; rest = rest[Math.Min(rest.Length, MostOfRecord)..])
                tls.Write(rest[..Math.Min(rest.Length, MostOfRecord)]);
            body = body[parts[i]..];
        }
    }

    private T Guarded<T>(Func<T> call)
    {
        try
        {
            return call();
        }
        catch (Exception e) when (PeerException.TryFrom(e, Name) is { } broken)
        {
            throw broken;
        }
    }
}
