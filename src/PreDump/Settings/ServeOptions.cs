using PreDump.PageServer.Client;
using PreDump.PageServer.Security;
using PreDump.PageServer.Serving;

namespace PreDump.Settings;

/// <summary>What the command line of a page server says; CRIU's names and meanings.</summary>
internal sealed record ServeOptions : ILogOptions
{
    /// <summary>The part of it that the server has to know.</summary>
    public ServerRequest Request() => new()
    {
        Rounds = Rounds,
        AutoDedup = AutoDedup,
        Compares = Compares,
        Timeout = Timeout,
        IsOneConnection = Socket is not null,
    };

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

    /// <summary>The descriptor of a connected socket, instead of listening; null: it listens.</summary>
    public int? Socket { get; init; }

    /// <summary>The number of rounds, each in a directory of its own; null: a single one, in the images directory
    /// itself.</summary>
    public int? Rounds { get; init; }

    /// <summary>Whether to free in the parents what a round replaces.</summary>
    public bool AutoDedup { get; init; }

    /// <summary>Whether pages that the parent's chain has with the same bytes are left to it.</summary>
    public bool Compares { get; init; }

    /// <summary>Where the images are passed on to; null: they are stored.</summary>
    public PageServerOptions? Forward { get; init; }

    /// <summary>How long a client may be silent in the middle of a message.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Whether TLS is used, and with which certificates.</summary>
    public required TlsOptions Tls { get; init; }

    /// <summary>Go to the background once the server listens.</summary>
    public bool Daemon { get; init; }

    /// <summary>Whether this process is the one in the background.</summary>
    public bool IsDaemon { get; init; }

    /// <summary>The file in the work directory that gets our pid, or the daemon's; null: none.</summary>
    public string? PidFile { get; init; }

    /// <summary>The descriptor that gets a zero byte when we listen; null: none.</summary>
    public int? StatusFd { get; init; }

    /// <summary>Print each event as a JSON object.</summary>
    public bool Json { get; init; }

    /// <inheritdoc/>
    public bool Quiet { get; init; }

    /// <inheritdoc/>
    public string? LogFile { get; init; }

    /// <inheritdoc/>
    public int Verbosity { get; init; }

    /// <summary>Never: criu's page server is left to the real criu.</summary>
    public bool CalledAsCriu => false;
}
