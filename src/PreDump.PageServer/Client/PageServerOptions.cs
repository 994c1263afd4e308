using PreDump.PageServer.Protocol;
using PreDump.PageServer.Security;
using PreDump.PageServer.Wire;

namespace PreDump.PageServer.Client;

/// <summary>The page server that gets the pages instead of the images directory.</summary>
public sealed record PageServerOptions
{
    /// <summary>A name or an address.</summary>
    public required string Address { get; init; }

    /// <summary>Its TCP port.</summary>
    public int Port { get; init; }

    /// <summary>The descriptor of a connected socket, instead of an address and a port; null: we connect.</summary>
    public int? Socket { get; init; }

    /// <summary>How long connecting may take, and how long the server may be silent.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>The layout of the messages; null: it is detected.</summary>
    public MessageLayout? Layout { get; init; }

    /// <summary>What is compressed, if the server is one of ours.</summary>
    public CompressionMode Compression { get; init; }

    /// <summary>The number of connections, if the server is one of ours.</summary>
    public int Streams { get; init; } = 1;

    /// <summary>How long a connection that drops is tried to be made again, if the server is one of ours; zero: it
    /// isn't.</summary>
    public TimeSpan Retry { get; init; }

    /// <summary>Whether TLS is used, and with which certificates.</summary>
    public required TlsOptions Tls { get; init; }

    /// <summary>Whether more than one connection is wanted, or one that may drop.</summary>
    internal bool WantsStreams => Streams > 1 || Retry > TimeSpan.Zero;

    /// <summary>Whether something is wanted that only a server of ours can do.</summary>
    internal bool WantsOurs => Compression == CompressionMode.On || WantsStreams;
}
