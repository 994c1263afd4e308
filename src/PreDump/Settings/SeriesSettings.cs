namespace PreDump.Settings;

/// <summary>What the command line of a series says.</summary>
internal sealed record SeriesSettings
{
    /// <summary>What holds for each round; its directories are those of the series.</summary>
    public required PreDumpOptions Round { get; init; }

    /// <summary>The stop that is allowed.</summary>
    public TimeSpan MaxDowntime { get; init; }

    /// <summary>The number of rounds that are allowed.</summary>
    public int MaxRounds { get; init; }

    /// <summary>The time between two rounds.</summary>
    public TimeSpan Interval { get; init; }

    /// <summary>A shell command to run after each round; null: none.</summary>
    public string? AfterRound { get; init; }

    /// <summary>The file for a page about the series; null: none.</summary>
    public string? Report { get; init; }

    /// <summary>Whether the tree is left running after the dump.</summary>
    public bool LeaveRunning { get; init; }

    /// <summary>Whether the dump's pages go to a page server by a connection of ours, which no cork of criu's holds up.</summary>
    public bool ConnectsForCriu { get; init; }

    /// <summary>What criu is told for the dump.</summary>
    public DumpOptions CriuOptions { get; init; } = DumpOptions.None;
}
