using System.Net.Sockets;
using PreDump.Core;
using PreDump.Linux;

namespace PreDump.PageServer.Wire;

/// <summary>A socket that the program which started us has connected and left open.</summary>
public static class InheritedSocket
{
    /// <summary>Takes it over.</summary>
    /// <exception cref="PreDumpException">It is no connected stream socket. It is not closed then: the descriptor may be the
    /// runtime's own.</exception>
    public static Socket Take(int fd) => StreamSocket.IsConnected(fd)
        ? new Socket(new SafeSocketHandle(fd, ownsHandle: true))
        : throw new PreDumpException($"descriptor {fd} is not a connected stream socket: the program that starts predump must "
            + "connect it and leave it open", ServerInput.Socket);
}
