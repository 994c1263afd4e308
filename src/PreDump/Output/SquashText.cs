using PreDump.Core;
using PreDump.Core.Maintenance;
using PreDump.Linux;

namespace PreDump.Output;

/// <summary>What `predump squash` says to people.</summary>
internal static class SquashText
{
    /// <summary>Prints a line about the new directory, and one about those that it does without.</summary>
    public static void Print(SquashResult result)
    {
        var directory = OneLine.Of(result.Directory);
        if (result.Rounds == 1 && result.Pages == 0)
        {
            Console.Out.WriteLine($"{directory} has no parent: there is nothing to squash");
            return;
        }
        Console.Out.WriteLine($"{directory}: {Sizes.Count(result.Tasks, "task")}, {Sizes.Count(result.Pages, "page")} "
            + $"({Sizes.Bytes(PageSize.BytesOf(result.Pages))}), {result.PagesFromParents} of them from "
            + $"{Sizes.Count(result.Rounds - 1, "earlier round")}, in {Sizes.Time(result.Time)}"
            + (result.KeepsFrames ? "; its frame ledger is kept" : ""));
        if (result.NoLongerNeeded.Count > 0)
            Console.Out.WriteLine("it needs no other directory; unless others do, these can be removed: "
                + OneLine.Of(string.Join(", ", result.NoLongerNeeded)));
    }
}
