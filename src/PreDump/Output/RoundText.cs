using PreDump.Linux;
using PreDump.PageServer.Serving;

namespace PreDump.Output;

/// <summary>A round that a page server has received, as one line for people.</summary>
internal static class RoundText
{
    /// <summary>"round 2: 3 tasks, 1234 pages, 5678 in the parent (1), 12.3 MiB in 0.12 s from PEER".</summary>
    public static string Of(SessionResult result)
    {
        var (round, bytes) = (result.Round, result.Pages * (double)PageSize.Bytes);
        string name = round.Number is { } number ? $"round {number}" : round.Directory;
        string parent = round.Parent is { } path && round.Number is not null ? $" ({Path.GetFileName(path)})" : "";
        return $"{name}: {Sizes.Count(result.Tasks, "task")}, {Sizes.Count(result.Pages, "page")}, "
            + $"{result.PagesInParent} in the parent{parent}, "
            + $"{Sizes.Bytes(bytes)} in {Sizes.Time(result.Time)} from {result.Peer}";
    }
}
