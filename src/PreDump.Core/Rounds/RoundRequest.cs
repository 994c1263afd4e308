using System.Diagnostics;
using PreDump.Core.Copying;
using PreDump.Core.Parents;
using PreDump.Core.Tracking;
using PreDump.Linux;

namespace PreDump.Core.Rounds;

/// <summary>The request for a round.</summary>
public sealed record RoundRequest
{
    /// <summary>When the round was requested (<see cref="Stopwatch.GetTimestamp"/>); the start of its total time.</summary>
    public long Asked { get; init; } = Stopwatch.GetTimestamp();

    /// <summary>The tree's root.</summary>
    public required TreeRoot Tree { get; init; }

    /// <summary>The parent to use.</summary>
    public required ParentRequest Parent { get; init; }

    /// <summary>How changes since the parent are found.</summary>
    public TrackingMethod Tracking { get; init; }

    /// <summary>Whether every page that looks clean is left to the parent, without checking its frame.</summary>
    public bool TrustSoftDirty { get; init; }

    /// <summary>Whether the pages that this round replaces are freed in the parent images.</summary>
    public bool AutoDedup { get; init; }

    /// <summary>The directory of a freezer cgroup that holds the tree; null freezes with ptrace(2).</summary>
    public string? FreezeCgroup { get; init; }

    /// <summary>How long the tree may take to stop.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>How much of the machine's resources the copy may use.</summary>
    public CopyShare Share { get; init; } = new(Threads: 1);

    /// <summary>How many directories the pages go to; null: see <see cref="StripeCount"/>.</summary>
    public int? Stripes { get; init; }

    /// <summary>Whether writes bypass the page cache.</summary>
    public bool Direct { get; init; }
}
