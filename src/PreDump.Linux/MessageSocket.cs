using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>A descriptor that predump was started with: one end of a connected SOCK_SEQPACKET pair, over which whole messages
/// come. Looking at a message leaves it there, for a program that is executed. See unix(7).</summary>
/// <param name="fd">The descriptor, which belongs to whoever started us.</param>
public sealed unsafe class MessageSocket(int fd)
{
    /// <summary>The descriptor's number.</summary>
    public int Number => fd;

    /// <summary>Makes a pair, of which programs that we start get neither unless they are told. See socketpair(2).</summary>
    /// <exception cref="LinuxException">EMFILE: too many open files.</exception>
    public static (MessageSocket Ours, MessageSocket Theirs) Pair()
    {
        int* pair = stackalloc int[2];
        return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0
            ? (new MessageSocket(pair[0]), new MessageSocket(pair[1]))
            : throw new LinuxException("socketpair", "messages", errno);
    }

    /// <summary>Whether a descriptor is such a socket. See getsockopt(2), SO_TYPE.</summary>
    public static bool Is(int fd)
    {
        int type;
        socklen_t bytes = sizeof(int);
        return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) == 0 && type == SOCK_SEQPACKET;
    }

    /// <summary>The pid of the process at the other end when the pair was made; 0 if it is in a pid namespace that we can't see.
    /// See unix(7), SO_PEERCRED.</summary>
    public int PeerPid
    {
        get
        {
            int* credentials = stackalloc int[3]; // struct ucred: pid, uid, gid
            socklen_t bytes = 3 * sizeof(int);
            return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, &bytes) == 0 ? credentials[0] : 0;
        }
    }

    /// <summary>Waits for the next message, and looks at it; null once the other side has hung up, or where the connection is
    /// broken. See recv(2), MSG_PEEK.</summary>
    /// <param name="most">No more of its bytes are looked at.</param>
    public byte[]? Peek(int most)
    {
        long length = Receive(null, 0, MSG_PEEK | MSG_TRUNC);
        if (length <= 0)
            return null;
        var message = new byte[Math.Min(length, most)];
        fixed (byte* to = message)
            return Receive(to, message.Length, MSG_PEEK) > 0 ? message : null;
    }

    /// <summary>Waits for the next message and takes it; null once the other side has hung up.</summary>
    /// <param name="most">No more of its bytes are kept.</param>
    public byte[]? Receive(int most)
    {
        var message = Peek(most);
        if (message is not null)
            Take();
        return message;
    }

    /// <summary>Hangs up. See close(2).</summary>
    public void Close() => _ = close(fd);

    /// <summary>Takes the message that was looked at.</summary>
    public void Take()
    {
        byte none;
        _ = Receive(&none, 1, MSG_DONTWAIT);
    }

    /// <summary>Sends a message; false if the other side has hung up. See send(2).</summary>
    public bool TrySend(ReadOnlySpan<byte> message)
    {
        fixed (byte* from = message)
            return (long)send(fd, from, (size_t)(ulong)message.Length, MSG_NOSIGNAL) == message.Length;
    }

    /// <summary>Whether programs that we start get the descriptor, too. See fcntl(2), FD_CLOEXEC.</summary>
    public void SetInherited(bool inherited) => _ = fcntl(fd, F_SETFD, inherited ? 0 : FD_CLOEXEC);

    private long Receive(byte* to, int length, int flags)
    {
        long got;
        do
        {
            got = (long)recv(fd, to, (size_t)(ulong)length, flags);
        } while (got < 0 && errno == EINTR);
        return got;
    }
}
