using System.Diagnostics;

namespace PreDump.Core.Proof;

/// <summary>What a proof counted. Pages; times in ticks of <see cref="Stopwatch"/>.</summary>
public sealed class ProofFigures
{
    private readonly long _begun = Stopwatch.GetTimestamp();

    /// <summary>Tasks that leave pages to the parent.</summary>
    public int Tasks { get; set; }

    /// <summary>Pages that the images leave to the parent.</summary>
    public ulong InParent { get; set; }

    /// <summary>Of these, those whose page frame was looked at.</summary>
    public ulong LookedAt { get; set; }

    /// <summary>Of these, those whose bytes were compared.</summary>
    public ulong Compared { get; set; }

    /// <summary>Of these, those that were wrong.</summary>
    public ulong Wrong { get; set; }

    /// <summary>Of these, those that were put right.</summary>
    public ulong Mended { get; set; }

    /// <summary>Finding the tasks.</summary>
    public long TreeTime { get; set; }

    /// <summary>Reading the images' pagemaps, and the page frames.</summary>
    public long LookTime { get; set; }

    /// <summary>Reading and comparing bytes.</summary>
    public long CompareTime { get; set; }

    /// <summary>Writing images anew.</summary>
    public long MendTime { get; set; }

    /// <summary>One line for programs.</summary>
    public string Line => $"pages_in_parent={InParent} pages_looked_at={LookedAt} pages_compared={Compared} pages_wrong={Wrong} pages_mended={Mended} "
        + $"tasks={Tasks} tree_us={Microseconds(TreeTime)} look_us={Microseconds(LookTime)} compare_us={Microseconds(CompareTime)} "
        + $"mend_us={Microseconds(MendTime)} total_us={Microseconds(Stopwatch.GetTimestamp() - _begun)}";

    private static long Microseconds(long ticks) => ticks * 1_000_000 / Stopwatch.Frequency;
}
