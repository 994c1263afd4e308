using System.Net.Sockets;
using PreDump.Core;
using PreDump.Linux;

namespace PreDump.PageServer;

/// <summary>The socket of --ps-socket, which whoever started us has connected.</summary>
public static class InheritedSocket
{
    /// <summary>Takes it over.</summary>
    /// <exception cref="PreDumpException">It is none: not even closed then, the descriptor may be the runtime's own.</exception>
    public static Socket Take(int fd) => StreamSocket.IsConnected(fd)
        ? new Socket(new SafeSocketHandle(fd, ownsHandle: true))
        : throw new PreDumpException($"--ps-socket {fd}: that is no connected stream socket; whoever starts predump connects it and leaves it open");
}
