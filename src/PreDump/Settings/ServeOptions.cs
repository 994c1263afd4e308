using PreDump.PageServer;

namespace PreDump.Settings;

/// <summary>What the command line of a page server says; CRIU's names and meanings.</summary>
internal sealed record ServeOptions : ILogOptions
{
    /// <summary>What of it is asked of the server.</summary>
    public ServerRequest Request() => new() { Rounds = Rounds, AutoDedup = AutoDedup, Timeout = Timeout, IsOneConnection = Socket is not null };

    /// <summary>Where the images go.</summary>
    public required string ImagesDirectory { get; init; }

    /// <inheritdoc/>
    public required string WorkDirectory { get; init; }

    /// <summary>The parent images, relative to the images directory; null for none.</summary>
    public string? PrevImagesDirectory { get; init; }

    /// <summary>Where it listens: a name or an address.</summary>
    public required string Address { get; init; }

    /// <summary>0: the kernel chooses.</summary>
    public int Port { get; init; }

    /// <summary>A connected socket instead; null: it listens.</summary>
    public int? Socket { get; init; }

    /// <summary>How many rounds, each in a directory of its own; null: one, in the images directory itself.</summary>
    public int? Rounds { get; init; }

    /// <summary>Free in the parents what a round replaces.</summary>
    public bool AutoDedup { get; init; }

    /// <summary>How long a peer may be silent inside a message.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>TLS.</summary>
    public required TlsOptions Tls { get; init; }

    /// <summary>Go on in the background.</summary>
    public bool Daemon { get; init; }

    /// <summary>We are what goes on in the background.</summary>
    public bool IsDaemon { get; init; }

    /// <summary>Gets our pid, in the work directory, or the daemon's; null for none.</summary>
    public string? PidFile { get; init; }

    /// <summary>Gets a zero byte when we listen; null for none.</summary>
    public int? StatusFd { get; init; }

    /// <summary>Tell of each round as a JSON object.</summary>
    public bool Json { get; init; }

    /// <inheritdoc/>
    public bool Quiet { get; init; }

    /// <inheritdoc/>
    public string? LogFile { get; init; }

    /// <inheritdoc/>
    public int Verbosity { get; init; }
}
