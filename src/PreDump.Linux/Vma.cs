namespace PreDump.Linux;

/// <summary>One line of /proc/PID/maps (proc_pid_maps(5)). Its name points into the text that it was parsed from.</summary>
public readonly ref struct Vma
{
    /// <summary>The first address, and the first one behind it: [Start, End), in bytes.</summary>
    public ulong Start { get; init; }

    /// <inheritdoc cref="Start"/>
    public ulong End { get; init; }

    /// <summary>PROT_READ: where it is missing, process_vm_readv(2) refuses.</summary>
    public bool Readable { get; init; }

    /// <summary>MAP_SHARED.</summary>
    public bool Shared { get; init; }

    /// <summary>The mapped file's inode; 0 for anonymous memory.</summary>
    public ulong Inode { get; init; }

    /// <summary>The path or the [name], as the kernel escapes it; empty for plain anonymous memory.</summary>
    public ReadOnlySpan<byte> Name { get; init; }

    /// <summary>Its pages.</summary>
    public ulong Pages => PageSize.Pages(End - Start);
}
