namespace PreDump.Core.Select;

/// <summary>A page and where it lies (<see cref="PreDump.Linux.PageFrames"/>).</summary>
public readonly record struct PlacedPage(ulong Address, ulong Frame);
