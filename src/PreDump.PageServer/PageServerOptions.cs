namespace PreDump.PageServer;

/// <summary>Where the pages go to, instead of into the images directory.</summary>
public sealed record PageServerOptions
{
    /// <summary>A name or an address.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>Its TCP port.</summary>
    public int Port { get; init; }

    /// <summary>A connected socket, instead of the two; null: we connect.</summary>
    public int? Socket { get; init; }

    /// <summary>How long it may take to connect, and how long it may be silent.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>The messages' layout; null: it is found out.</summary>
    public MessageLayout? Layout { get; init; }

    /// <summary>Whether TLS is spoken, and with which certificates.</summary>
    public required TlsOptions Tls { get; init; }
}
