namespace PreDump.Cli;

/// <summary>The commands that take an option.</summary>
[Flags]
internal enum Takers
{
    /// <summary>None of them.</summary>
    None = 0,

    /// <summary>predump without a command, and predump pre-dump.</summary>
    PreDump = 1,

    /// <summary>predump page-server.</summary>
    PageServer = 2,

    /// <summary>predump verify.</summary>
    Verify = 4,

    /// <summary>predump show.</summary>
    Show = 8,

    /// <summary>predump dedup.</summary>
    Dedup = 16,

    /// <summary>predump check.</summary>
    Check = 32,

    /// <summary>predump rounds.</summary>
    Rounds = 64,

    /// <summary>predump checkpoint.</summary>
    Checkpoint = 128,

    /// <summary>predump squash.</summary>
    Squash = 256,

    /// <summary>Those that make a series of rounds.</summary>
    Series = Rounds | Checkpoint,

    /// <summary>Those that make rounds.</summary>
    AnyRound = PreDump | Series,
}
