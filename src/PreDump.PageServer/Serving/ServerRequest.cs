namespace PreDump.PageServer.Serving;

/// <summary>What is asked of a page server.</summary>
public sealed record ServerRequest
{
    /// <summary>The number of rounds, each in a directory of its own; null: a single one, in the images directory
    /// itself.</summary>
    public int? Rounds { get; init; }

    /// <summary>Whether to free in the parents what a round replaces.</summary>
    public bool AutoDedup { get; init; }

    /// <summary>Whether pages that the parent's chain has with the same bytes are left to it.</summary>
    public bool Compares { get; init; }

    /// <summary>How long a client may be silent in the middle of a message.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Whether there is a single connection, and no other will come.</summary>
    public bool IsOneConnection { get; init; }
}
