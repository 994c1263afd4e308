using System.Diagnostics;
using PreDump.Core.Copying;
using PreDump.Core.Parents;
using PreDump.Linux;

namespace PreDump.Core.Rounds;

/// <summary>What is asked of a round.</summary>
public sealed record RoundRequest
{
    /// <summary>When it was asked for, as <see cref="Stopwatch.GetTimestamp"/>: its total time begins there.</summary>
    public long Asked { get; init; } = Stopwatch.GetTimestamp();

    /// <summary>The tree's root.</summary>
    public required TreeRoot Tree { get; init; }

    /// <summary>The round before.</summary>
    public required ParentRequest Parent { get; init; }

    /// <summary>Leave each page that looks clean to the parent, without a look at where it lies.</summary>
    public bool TrustSoftDirty { get; init; }

    /// <summary>Free in the parent images what this round replaces.</summary>
    public bool AutoDedup { get; init; }

    /// <summary>A freezer cgroup that holds the tree; null freezes by ptrace.</summary>
    public string? FreezeCgroup { get; init; }

    /// <summary>How long the freezing may take.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>How much of the machine the copy may have.</summary>
    public CopyShare Share { get; init; } = new(Threads: 1);

    /// <summary>Write the pages past the page cache.</summary>
    public bool Direct { get; init; }
}
