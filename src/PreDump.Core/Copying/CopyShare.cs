namespace PreDump.Core.Copying;

/// <summary>How much of the machine the copy may have.</summary>
/// <param name="Threads">The number of threads that copy.</param>
/// <param name="MaxRate">Bytes a second of all of them together; null: no limit.</param>
/// <param name="Nice">Their nice value; null: that of the process.</param>
public readonly record struct CopyShare(int Threads, long? MaxRate = null, int? Nice = null);
