using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>A connected stream socket, blocking or not, that its caller owns. Sends many buffers with one system call
/// (sendmsg(2)), and waits for its peer only for a limited time. Not thread-safe, except that one thread may receive while
/// another one sends.</summary>
/// <param name="fd">The socket's descriptor.</param>
/// <param name="name">The peer's name, for messages.</param>
/// <param name="patience">How long the peer may take nothing, and at first how long it may be silent.</param>
public sealed unsafe class StreamSocket(int fd, string name, TimeSpan patience)
{
    private const int MaxVectors = 1024; // IOV_MAX

    private readonly iovec[] _vectors = new iovec[MaxVectors];
    private TimeSpan? _patience;

    /// <summary>How long the peer may be silent; <see cref="Timeout.InfiniteTimeSpan"/> waits forever.</summary>
    public TimeSpan Patience
    {
        get => _patience ?? patience;
        set => _patience = value;
    }

    /// <summary>Bytes that were sent so far.</summary>
    public long BytesSent { get; private set; }

    /// <summary>Those of them that the kernel has not yet put on the link (SIOCOUTQNSD, Linux 3.11); 0 where it does not say, as
    /// for a Unix socket.</summary>
    public int BytesQueued => Queued(ioctlRequest: 0x894B);

    /// <summary>Those that the peer's kernel has not acknowledged yet (tcp(7), SIOCOUTQ): a slow link may need longer than our
    /// patience for all of them.</summary>
    public int BytesUnacknowledged => Queued(ioctlRequest: 0x5411);

    /// <summary>Whether a descriptor is an open and connected stream socket. See getsockopt(2), SO_TYPE, and
    /// getpeername(2).</summary>
    public static bool IsConnected(int fd)
    {
        int type;
        socklen_t typeBytes = sizeof(int), nameBytes = 0;
        return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &typeBytes) == 0
            && type == SOCK_STREAM
            && getpeername(fd, null, &nameBytes) == 0;
    }

    /// <summary>Whether a descriptor is an open stream socket that listens. See socket(7), SO_ACCEPTCONN.</summary>
    public static bool IsListening(int fd)
    {
        int type, accepts;
        socklen_t typeBytes = sizeof(int), acceptsBytes = sizeof(int);
        return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &typeBytes) == 0
            && type == SOCK_STREAM
            && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &acceptsBytes) == 0
            && accepts != 0;
    }

    /// <summary>Makes calls on a socket wait. See fcntl(2), F_SETFL.</summary>
    public static void MakeBlocking(int fd) => _ = fcntl(fd, F_SETFL, 0);

    /// <summary>Sends what a TCP socket holds back, even if it is corked; nothing happens to any other. See tcp(7),
    /// TCP_NODELAY.</summary>
    public static void TrySendPending(int fd)
    {
        const int IPPROTO_TCP = 6, TCP_NODELAY = 1;
        int on = 1;
        _ = setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(int));
    }

    /// <summary>Receives at least one byte; returns the number of bytes, 0 if the peer has ended its stream. See
    /// recv(2).</summary>
    /// <exception cref="TimeoutException">The peer was silent for too long.</exception>
    /// <exception cref="LinuxException">The connection broke.</exception>
    public int Receive(Span<byte> to) => Receive(to, default);

    /// <summary>Receives at least one byte, into the second buffer only what the first one has no room for.</summary>
    /// <exception cref="TimeoutException">The peer was silent for too long.</exception>
    /// <exception cref="LinuxException">The connection broke.</exception>
    public int Receive(Span<byte> to, Span<byte> then)
    {
        fixed (byte* first = to, second = then)
        {
            var vectors = stackalloc iovec[]
            {
                new iovec { iov_base = first, iov_len = (size_t)(ulong)to.Length },
                new iovec { iov_base = second, iov_len = (size_t)(ulong)then.Length },
            };
            var message = new msghdr { msg_iov = vectors, msg_iovlen = then.IsEmpty ? 1 : 2 };
            while (true)
            {
                long got = (long)recvmsg(fd, &message, MSG_DONTWAIT);
                if (got >= 0)
                    return (int)got;
                WaitOrThrow("recv", POLLIN);
            }
        }
    }

    /// <summary>Sends every header, each followed by its part of the body:
    /// <code>
    ///   first  | F |    heads  | H0 | H1 | H2 |     body  | B0 | B2 |     parts  B0's length, 0, B2's length
    ///   sent   | F | H0 | B0 | H1 | H2 | B2 |
    /// </code></summary>
    /// <param name="first">Precedes all.</param>
    /// <param name="heads">The headers, consecutively.</param>
    /// <param name="headBytes">The length of one header in bytes.</param>
    /// <param name="body">The parts, consecutively.</param>
    /// <param name="parts">The length in bytes of the part of each header; 0 for none.</param>
    /// <exception cref="TimeoutException">The peer took nothing for too long.</exception>
    /// <exception cref="LinuxException">The connection broke.</exception>
    public void Send(
        ReadOnlySpan<byte> first, ReadOnlySpan<byte> heads, int headBytes, ReadOnlySpan<byte> body, ReadOnlySpan<int> parts)
    {
        fixed (byte* firstStart = first, head = heads, bodyStart = body)
        {
            byte* at = bodyStart;
            int i = 0, count = 0;
            if (!first.IsEmpty)
                _vectors[count++] = new iovec { iov_base = firstStart, iov_len = (size_t)(ulong)first.Length };
            do
            {
                for (; i < parts.Length && count < MaxVectors - 1; i++)
                {
                    _vectors[count++] = new iovec { iov_base = head + (i * headBytes), iov_len = (size_t)(ulong)headBytes };
                    if (parts[i] > 0)
                        _vectors[count++] = new iovec { iov_base = at, iov_len = (size_t)(ulong)parts[i] };
                    at += parts[i];
                }
                SendVectors(count);
                count = 0;
            } while (i < parts.Length);
        }
    }

    private void SendVectors(int count)
    {
        fixed (iovec* vectors = _vectors)
            for (int first = 0; first < count;)
            {
                var message = new msghdr { msg_iov = vectors + first, msg_iovlen = count - first };
                long sent = (long)sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
                if (sent < 0)
                {
                    WaitOrThrow("send", POLLOUT);
                    continue;
                }
                BytesSent += sent;
                for (; first < count && (ulong)sent >= (ulong)vectors[first].iov_len; first++)
                    sent -= (long)(ulong)vectors[first].iov_len;
                if (sent > 0)
                {
                    vectors[first].iov_base = (byte*)vectors[first].iov_base + sent;
                    vectors[first].iov_len = (size_t)((ulong)vectors[first].iov_len - (ulong)sent);
                }
            }
    }

    private void WaitOrThrow(string call, short events)
    {
        if (errno is var error && error != EAGAIN && error != EINTR)
            throw new LinuxException(call, name, error);
        var poll = new pollfd { fd = fd, events = events };
        var limit = events == POLLIN ? Patience : patience;
        int timeout = limit == Timeout.InfiniteTimeSpan ? -1 : (int)Math.Min(int.MaxValue, limit.TotalMilliseconds);
        int ready, unacknowledged;
        do
        {
            unacknowledged = BytesUnacknowledged; // if it shrinks, the peer is slow but not silent
            ready = LibC.poll(&poll, 1, timeout);
        } while ((ready < 0 && errno == EINTR) || (ready == 0 && BytesUnacknowledged < unacknowledged));
        string fault = events == POLLIN ? "was silent" : "took nothing";
        if (ready == 0)
            throw new TimeoutException($"{name} {fault} for {limit.TotalSeconds:0.#} s");
    }

    private int Queued(int ioctlRequest)
    {
        int bytes;
        return ioctl(fd, ioctlRequest, &bytes) == 0 ? bytes : 0;
    }
}
