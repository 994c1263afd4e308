using System.Diagnostics;

namespace PreDump.Core.Proof;

/// <summary>The figures of a proof: counts in pages, times in ticks of <see cref="Stopwatch"/>.</summary>
public sealed class ProofFigures
{
    private readonly long _begun = Stopwatch.GetTimestamp();
    private long _ended;

    /// <summary>The number of tasks that leave pages to the parent.</summary>
    public int Tasks { get; set; }

    /// <summary>Pages that the images leave to the parent.</summary>
    public ulong InParent { get; set; }

    /// <summary>Pages whose frame was checked, among those left to the parent.</summary>
    public ulong LookedAt { get; set; }

    /// <summary>Pages whose bytes were compared, among those checked.</summary>
    public ulong Compared { get; set; }

    /// <summary>Pages that were wrong, among those compared.</summary>
    public ulong Wrong { get; set; }

    /// <summary>Wrong pages that were mended.</summary>
    public ulong Mended { get; set; }

    /// <summary>The time for finding the tasks.</summary>
    public long TreeTime { get; set; }

    /// <summary>The time for reading the images' pagemaps and the page frames.</summary>
    public long LookTime { get; set; }

    /// <summary>The time for reading and comparing bytes.</summary>
    public long CompareTime { get; set; }

    /// <summary>The time for rewriting images.</summary>
    public long MendTime { get; set; }

    /// <summary>The time for all of it.</summary>
    public TimeSpan Total => Stopwatch.GetElapsedTime(_begun, _ended);

    /// <summary>The proof is over.</summary>
    public void End() => _ended = Stopwatch.GetTimestamp();

    /// <summary>All figures as one line of name=value pairs, for programs.</summary>
    public string Line => $"pages_in_parent={InParent} pages_looked_at={LookedAt} pages_compared={Compared} pages_wrong={Wrong} "
        + $"pages_mended={Mended} tasks={Tasks} tree_us={Microseconds(TreeTime)} look_us={Microseconds(LookTime)} "
        + $"compare_us={Microseconds(CompareTime)} mend_us={Microseconds(MendTime)} "
        + $"total_us={Microseconds(_ended - _begun)}";

    private static long Microseconds(long ticks) => ticks * 1_000_000 / Stopwatch.Frequency;
}
