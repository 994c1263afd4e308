namespace PreDump.Linux;

/// <summary>One line of /proc/PID/maps, valid as long as the text that it was parsed from. See proc_pid_maps(5).</summary>
public readonly ref struct Vma
{
    /// <summary>The first address.</summary>
    public ulong Start { get; init; }

    /// <summary>The first address after the VMA.</summary>
    public ulong End { get; init; }

    /// <summary>Whether the mapping is MAP_SHARED.</summary>
    public bool Shared { get; init; }

    /// <summary>The mapped file's inode; 0 for anonymous memory.</summary>
    public ulong Inode { get; init; }

    /// <summary>The path or the [name], as the kernel escapes it; empty for plain anonymous memory.</summary>
    public ReadOnlySpan<byte> Name { get; init; }

    /// <summary>The number of pages.</summary>
    public ulong Pages => PageSize.Pages(End - Start);
}
