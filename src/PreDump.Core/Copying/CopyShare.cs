namespace PreDump.Core.Copying;

/// <summary>How much of the machine the copy may have.</summary>
/// <param name="Threads">How many threads copy.</param>
/// <param name="MaxRate">Bytes a second of all of them; null: as fast as it goes.</param>
/// <param name="Nice">Their nice value; null: that of the process.</param>
public readonly record struct CopyShare(int Threads, long? MaxRate = null, int? Nice = null);
