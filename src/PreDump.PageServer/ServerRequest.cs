namespace PreDump.PageServer;

/// <summary>What is asked of a page server.</summary>
public sealed record ServerRequest
{
    /// <summary>How many rounds, each in a directory of its own; null: one, in the images directory itself.</summary>
    public int? Rounds { get; init; }

    /// <summary>Free in the parents what a round replaces.</summary>
    public bool AutoDedup { get; init; }

    /// <summary>How long a peer may be silent inside a message.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>It has one connection, and no other will come.</summary>
    public bool IsOneConnection { get; init; }
}
