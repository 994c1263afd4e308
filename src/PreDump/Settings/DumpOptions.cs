namespace PreDump.Settings;

/// <summary>What a user wants criu to be told for a final dump, beside what predump tells it.</summary>
/// <param name="Words">Options, each one a word: --name or --name=value.</param>
/// <param name="LogLevel">How much criu logs, as its -v.</param>
/// <param name="Scripts">Action scripts, in the order in which criu runs them.</param>
/// <param name="ForRestore">The options among them that a restore wants to be told, too.</param>
internal sealed record DumpOptions(
    IReadOnlyList<string> Words, int LogLevel, IReadOnlyList<string> Scripts, IReadOnlyList<string> ForRestore)
{
    /// <summary>Nothing.</summary>
    public static readonly DumpOptions None = new([], LogLevel: 2, [], []);
}
