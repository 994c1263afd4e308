namespace PreDump.Criu;

/// <summary>Where a final dump goes.</summary>
/// <param name="Images">The directory of its images, by a path that leads there from this process.</param>
/// <param name="ProofLogDirectory">The directory of the proof's log.</param>
/// <param name="CriusLog">criu's log.</param>
internal sealed record DumpFiles(string Images, string ProofLogDirectory, string CriusLog);
