using PreDump.Linux;

namespace PreDump.PageServer;

/// <summary>What a failure of a page server's connection may be about.</summary>
public static class ServerInput
{
    /// <summary>The server's name or address.</summary>
    public static readonly Input Address = new(nameof(Address));

    /// <summary>The server's port.</summary>
    public static readonly Input Port = new(nameof(Port));

    /// <summary>The page server to which images are passed on.</summary>
    public static readonly Input Forward = new(nameof(Forward));

    /// <summary>The descriptor of a connected socket.</summary>
    public static readonly Input Socket = new(nameof(Socket));

    /// <summary>The length of the protocol's messages.</summary>
    public static readonly Input MessageLayout = new(nameof(MessageLayout));

    /// <summary>What is compressed.</summary>
    public static readonly Input Compression = new(nameof(Compression));

    /// <summary>The number of connections.</summary>
    public static readonly Input Streams = new(nameof(Streams));

    /// <summary>How long a connection that drops is tried to be made again.</summary>
    public static readonly Input Retry = new(nameof(Retry));

    /// <summary>Whether TLS is used.</summary>
    public static readonly Input Tls = new(nameof(Tls));

    /// <summary>Our certificate's file.</summary>
    public static readonly Input TlsCert = new(nameof(TlsCert));

    /// <summary>Our key's file.</summary>
    public static readonly Input TlsKey = new(nameof(TlsKey));

    /// <summary>The file with the CA's certificate.</summary>
    public static readonly Input TlsCaCert = new(nameof(TlsCaCert));

    /// <summary>The file with the CA's revocation list.</summary>
    public static readonly Input TlsCrl = new(nameof(TlsCrl));

    /// <summary>Whether the other side's certificate may name any host.</summary>
    public static readonly Input TlsAnyName = new(nameof(TlsAnyName));
}
