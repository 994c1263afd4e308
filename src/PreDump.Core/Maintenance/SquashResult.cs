namespace PreDump.Core.Maintenance;

/// <summary>What <see cref="Squash"/> has done.</summary>
/// <param name="Directory">The path of the directory that has all of the chain now.</param>
/// <param name="Rounds">The number of directories in the chain before.</param>
/// <param name="Tasks">The number of tasks in the directory.</param>
/// <param name="Pages">The number of pages in the directory, of tasks and of shared memory.</param>
/// <param name="PagesFromParents">The number of these pages that came from earlier rounds.</param>
/// <param name="KeepsFrames">Whether the directory has a frame ledger, so that the next round need not compare all
/// pages.</param>
/// <param name="NoLongerNeeded">The paths of the directories that these images do without now, the last round first.</param>
/// <param name="Time">The time taken.</param>
public sealed record SquashResult(
    string Directory, int Rounds, int Tasks, ulong Pages, ulong PagesFromParents, bool KeepsFrames,
    IReadOnlyList<string> NoLongerNeeded, TimeSpan Time);
