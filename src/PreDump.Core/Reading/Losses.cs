namespace PreDump.Core.Reading;

/// <summary>Pages that were chosen and could not be copied.</summary>
public sealed class Losses
{
    /// <summary>Unmapped, or given back to the kernel, while the tree was running: a later round will not miss them.</summary>
    public ulong Vanished { get; set; }

    /// <summary>There, and not readable in any way.</summary>
    public ulong Unreadable { get; set; }
}
