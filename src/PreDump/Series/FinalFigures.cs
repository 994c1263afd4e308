using PreDump.Images;

namespace PreDump.Series;

/// <summary>A final dump, in figures.</summary>
/// <param name="Directory">Its directory.</param>
/// <param name="Parent">The last round's.</param>
/// <param name="Stats">criu's statistics.</param>
/// <param name="Proof">The time that the proof took, part of the stop.</param>
/// <param name="PagesMended">Pages that had been moved unseen.</param>
/// <param name="IsElsewhere">Whether the pages are on a page server.</param>
/// <param name="Restore">The command that restores it.</param>
internal sealed record FinalFigures(string Directory, string Parent, DumpStats Stats, TimeSpan Proof, ulong PagesMended,
    bool IsElsewhere, string Restore);
