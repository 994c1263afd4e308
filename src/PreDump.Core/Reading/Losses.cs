namespace PreDump.Core.Reading;

/// <summary>Pages that were chosen and could not be copied.</summary>
/// <param name="Vanished">Unmapped, or given back to the kernel, while the tree was running: a later round will not miss
/// them.</param>
/// <param name="Unreadable">There, and not readable in any way.</param>
public readonly record struct Losses(ulong Vanished, ulong Unreadable);
