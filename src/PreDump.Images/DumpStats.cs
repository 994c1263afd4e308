namespace PreDump.Images;

/// <summary>The statistics of a pre-dump (CRIU image format, dump_stats_entry). Times are in microseconds, counts in
/// pages.</summary>
public readonly record struct DumpStats
{
    /// <summary>The time from the first interrupt until the last thread stopped.</summary>
    public uint FreezingMicroseconds { get; init; }

    /// <summary>The time from then until the last thread was released.</summary>
    public uint FrozenMicroseconds { get; init; }

    /// <summary>For how long the tree stood still.</summary>
    public TimeSpan Stop() => TimeSpan.FromMicroseconds((double)FreezingMicroseconds + FrozenMicroseconds);

    /// <summary>The time spent choosing the pages.</summary>
    public uint MemdumpMicroseconds { get; init; }

    /// <summary>The time spent copying and writing the pages.</summary>
    public uint MemwriteMicroseconds { get; init; }

    /// <summary>Pages that were examined.</summary>
    public ulong PagesScanned { get; init; }

    /// <summary>Pages that were left to the parent.</summary>
    public ulong PagesSkippedParent { get; init; }

    /// <summary>Pages that were copied.</summary>
    public ulong PagesWritten { get; init; }

    /// <summary>Pages that a lazy restore may serve later; always 0 in predump's images.</summary>
    public ulong PagesLazy { get; init; }
}
