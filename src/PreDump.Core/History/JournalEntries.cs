namespace PreDump.Core.History;

/// <summary>A line of the journal about a round. Times are in microseconds; a member that the line lacks is null.</summary>
public sealed record JournalRound
{
    /// <summary>The images, as they were named then.</summary>
    public string? ImagesDirectory { get; init; }

    /// <summary>The images that the round is built upon; null: none.</summary>
    public string? ParentDirectory { get; init; }

    /// <summary>When the tree was frozen.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>The pid of the tree's root.</summary>
    public ulong? Tree { get; init; }

    /// <summary>The kernel's release.</summary>
    public string? Kernel { get; init; }

    /// <summary>From the freeze of the round before to this one.</summary>
    public ulong? IntervalMicroseconds { get; init; }

    /// <summary>The number of tasks.</summary>
    public ulong? Tasks { get; init; }

    /// <summary>Pages that were copied.</summary>
    public ulong? PagesWritten { get; init; }

    /// <summary>Pages that were left to the parent.</summary>
    public ulong? PagesInParent { get; init; }

    /// <summary>Pages that were written to in the interval.</summary>
    public ulong? PagesDirty { get; init; }

    /// <summary>The same, in pages a second.</summary>
    public ulong? DirtyRate { get; init; }

    /// <summary>Bytes a second, written and compared.</summary>
    public ulong? CopyRate { get; init; }

    /// <summary>From the first interrupt until the last thread stopped.</summary>
    public ulong? FreezingMicroseconds { get; init; }

    /// <summary>From then until the last thread was released.</summary>
    public ulong? FrozenMicroseconds { get; init; }

    /// <summary>The whole round.</summary>
    public ulong? TotalMicroseconds { get; init; }

    /// <summary>How long a final dump would have stopped the tree at this moment.</summary>
    public ulong? EstimatedStopMicroseconds { get; init; }

    /// <summary>The mappings of which most pages were written.</summary>
    public IReadOnlyList<JournalArea> Areas { get; init; } = [];
}

/// <summary>A mapping of which many pages were written in a round.</summary>
/// <param name="Pid">The task.</param>
/// <param name="Name">As in /proc/PID/maps; "" for anonymous memory.</param>
/// <param name="Start">The first address.</param>
/// <param name="End">The address after the last.</param>
/// <param name="PagesWritten">Pages that were written in this round.</param>
public sealed record JournalArea(ulong Pid, string Name, ulong Start, ulong End, ulong PagesWritten);

/// <summary>The line that says how the rounds ended.</summary>
/// <param name="Verdict">"converged", "not-converging", "max-rounds" or "interrupted"; anything in a journal of a later
/// version.</param>
/// <param name="StopMicroseconds">The estimated stop of a final dump.</param>
/// <param name="MaxDowntimeMicroseconds">The stop that is allowed.</param>
/// <param name="Reason">One line for people.</param>
public sealed record JournalEnd(string Verdict, ulong? StopMicroseconds, ulong? MaxDowntimeMicroseconds, string? Reason);

/// <summary>The line about the final dump. Times are in microseconds.</summary>
/// <param name="ImagesDirectory">The images, as they were named then.</param>
/// <param name="StopMicroseconds">For how long the tree stood still.</param>
/// <param name="ProofMicroseconds">The part of it that the proof took.</param>
/// <param name="PagesWritten">Pages that were copied.</param>
/// <param name="PagesInParent">Pages that were left to the parent.</param>
/// <param name="PagesMended">Pages that were wrong before they were put right.</param>
/// <param name="Restore">The command line that restores the images.</param>
public sealed record JournalDump(string? ImagesDirectory, ulong? StopMicroseconds, ulong? ProofMicroseconds, ulong? PagesWritten,
    ulong? PagesInParent, ulong? PagesMended, string? Restore);
