namespace PreDump.Criu;

/// <summary>Where a final dump goes.</summary>
/// <param name="Images">The directory of its images, by a path that leads there from this process.</param>
/// <param name="Parent">The directory of the round that it is made upon; null: none.</param>
/// <param name="ProofLogDirectory">The directory of the proof's log.</param>
/// <param name="CriusLog">criu's log.</param>
internal sealed record DumpFiles(string Images, string? Parent, string ProofLogDirectory, string CriusLog);
