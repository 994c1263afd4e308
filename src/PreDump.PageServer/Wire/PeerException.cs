using System.Net.Sockets;
using System.Security.Authentication;
using PreDump.Core;
using PreDump.Linux;
using PreDump.PageServer.Security;

namespace PreDump.PageServer.Wire;

/// <summary>The other side is gone, silent, or not what it should be.</summary>
public sealed class PeerException(string message, params Input[] about) : PreDumpException(message, about)
{
    /// <summary>The same for what sockets and TLS throw; null for anything else.</summary>
    public static PeerException? TryFrom(Exception e, string peer) => e switch
    {
        PeerException => null,
        TimeoutException => new PeerException(e.Message),
        LinuxException { Errno: Errno.EPIPE or Errno.ECONNRESET } => new PeerException($"{peer} hung up"),
        LinuxException => new PeerException(e.Message),
        CertificateException refused => new PeerException($"{peer}: TLS: {refused.Message}", [.. refused.About]),
        AuthenticationException => new PeerException($"{peer}: TLS: {(e.InnerException ?? e).Message}"),
        IOException { InnerException: TimeoutException or LinuxException } ofTls => TryFrom(ofTls.InnerException!, peer),
        IOException or SocketException => new PeerException($"{peer}: {(e.InnerException ?? e).Message}"),
        _ => null,
    };
}
