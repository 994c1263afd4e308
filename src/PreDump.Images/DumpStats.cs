namespace PreDump.Images;

/// <summary>What a pre-dump tells about itself (CRIU image format, dump_stats_entry). Counts are in pages.</summary>
public readonly record struct DumpStats
{
    /// <summary>From the first interrupt until the last thread had stopped.</summary>
    public uint FreezingMicroseconds { get; init; }

    /// <summary>From then until the last thread was let go.</summary>
    public uint FrozenMicroseconds { get; init; }

    /// <summary>Choosing the pages.</summary>
    public uint MemdumpMicroseconds { get; init; }

    /// <summary>Copying and writing them.</summary>
    public uint MemwriteMicroseconds { get; init; }

    /// <summary>Pages that were looked at.</summary>
    public ulong PagesScanned { get; init; }

    /// <summary>Pages that were left to the parent.</summary>
    public ulong PagesSkippedParent { get; init; }

    /// <summary>Pages that were copied.</summary>
    public ulong PagesWritten { get; init; }

    /// <summary>Pages that a lazy restore may serve later; never ours.</summary>
    public ulong PagesLazy { get; init; }
}
