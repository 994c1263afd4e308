using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>A connected stream socket that somebody else owns, blocking or not. It sends from many places with one call, and waits
/// for its peer for a bounded time.</summary>
/// <param name="fd">The socket's descriptor.</param>
/// <param name="name">The peer, for messages.</param>
/// <param name="patience">How long the peer may be silent; <see cref="Timeout.InfiniteTimeSpan"/>: for ever.</param>
public sealed unsafe class StreamSocket(int fd, string name, TimeSpan patience)
{
    /// <summary>How long the peer may be silent.</summary>
    public TimeSpan Patience { get; set; } = patience;

    private const int MostVectors = 1024; // IOV_MAX

    private readonly iovec[] _vectors = new iovec[MostVectors];

    /// <summary>Whether a descriptor is open, and a stream socket that is connected.</summary>
    public static bool IsConnected(int fd)
    {
        int type;
        socklen_t typeBytes = sizeof(int), nameBytes = 0;
        return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &typeBytes) == 0 && type == SOCK_STREAM && getpeername(fd, null, &nameBytes) == 0;
    }

    /// <summary>recv(2) once; 0 where the peer has ended its stream.</summary>
    /// <exception cref="TimeoutException">The peer was silent for too long.</exception>
    /// <exception cref="LinuxException">The connection broke.</exception>
    public int Receive(Span<byte> to)
    {
        fixed (byte* p = to)
            while (true)
            {
                long got = (long)recv(fd, p, (size_t)(ulong)to.Length, MSG_DONTWAIT);
                if (got >= 0)
                    return (int)got;
                WaitOrThrow("recv", POLLIN);
            }
    }

    /// <summary>Sends <paramref name="heads"/>, <paramref name="headBytes"/> long each, and behind each its part of <paramref name="body"/>.</summary>
    /// <param name="heads">One behind the other.</param>
    /// <param name="headBytes">The length of one.</param>
    /// <param name="body">The parts, one behind the other.</param>
    /// <param name="parts">The length of each head's part; 0 for none.</param>
    /// <exception cref="TimeoutException">The peer took nothing for too long.</exception>
    /// <exception cref="LinuxException">The connection broke.</exception>
    public void Send(ReadOnlySpan<byte> heads, int headBytes, ReadOnlySpan<byte> body, ReadOnlySpan<int> parts)
    {
        fixed (byte* head = heads, bodyStart = body)
        {
            byte* at = bodyStart;
            for (int i = 0; i < parts.Length;)
            {
                int count = 0;
                for (; i < parts.Length && count < MostVectors - 1; i++)
                {
                    _vectors[count++] = new iovec { iov_base = head + (i * headBytes), iov_len = (size_t)(ulong)headBytes };
                    if (parts[i] > 0)
                        _vectors[count++] = new iovec { iov_base = at, iov_len = (size_t)(ulong)parts[i] };
                    at += parts[i];
                }
                SendVectors(count);
            }
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
        int ready, waiting;
        do
        {
            waiting = OnTheWay();
            ready = LibC.poll(&poll, 1, Patience == Timeout.InfiniteTimeSpan ? -1 : (int)Math.Min(int.MaxValue, Patience.TotalMilliseconds));
        } while ((ready < 0 && errno == EINTR) || (ready == 0 && OnTheWay() < waiting)); // it takes what is on the way: slow, not silent
        if (ready == 0)
            throw new TimeoutException($"{name} {(events == POLLIN ? "was silent" : "took nothing")} for {Patience.TotalSeconds:0.#} s");
    }

    // What the peer has not acknowledged yet: behind a slow link that is more than goes through it in our patience.
    private int OnTheWay()
    {
        const int SIOCOUTQ = 0x5411;
        int bytes;
        return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
    }
}
