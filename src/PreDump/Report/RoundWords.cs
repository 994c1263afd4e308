using PreDump.Core.History;

namespace PreDump.Report;

/// <summary>What the page calls the rounds.</summary>
internal static class RoundWords
{
    private const int LongestName = 6;

    /// <summary>A short name for a column: the directory's if that is short, or else the round's number.</summary>
    public static string Short(ChainHistory history, int index)
    {
        var round = history.Rounds[index];
        int number = index == 0 ? 1 : index + 1 + history.LeftOut;
        return (round.Name.Length <= LongestName ? round.Name : $"#{number}") + (round.IsFinalDump ? " (dump)" : "");
    }
}
