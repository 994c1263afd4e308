using PreDump.Images;

namespace PreDump.Core.Series;

/// <summary>What one dump by criu has cost, in time that the tree stood still.</summary>
/// <param name="Stop">All of it.</param>
/// <param name="Memory">The part for choosing and writing pages.</param>
/// <param name="Pages">The number of pages written.</param>
/// <param name="Tasks">The number of tasks.</param>
/// <param name="IsElsewhere">Whether the pages went to a page server: their time is the network's.</param>
public readonly record struct DumpSample(TimeSpan Stop, TimeSpan Memory, ulong Pages, int Tasks, bool IsElsewhere)
{
    /// <summary>Whether criu's cork has held up the end of its connection to a page server.</summary>
    public bool IsCorked { get; init; } = true;

    /// <summary>What criu's statistics say.</summary>
    /// <param name="stats">The statistics.</param>
    /// <param name="tasks">The number of tasks.</param>
    /// <param name="isElsewhere">Whether the pages went to a page server.</param>
    public DumpSample(DumpStats stats, int tasks, bool isElsewhere) : this(stats.Stop(),
        TimeSpan.FromMicroseconds(stats.MemdumpMicroseconds), stats.PagesWritten, tasks, isElsewhere) // (writing is part of it)
    {
    }
}
