using PreDump.Core;
using PreDump.Core.Comparing;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Output;

/// <summary>`predump verify` for people: a line for each problem, a line for each task compared, and a last line that sums
/// up.</summary>
internal sealed class VerifyText : IVerifyOutput
{
    private ulong _equal, _different, _missing, _unreadable, _gone;

    /// <inheritdoc/>
    public void Problem(ImageProblem problem) => Console.Out.WriteLine(OneLine.Of(problem.ToString()));

    /// <inheritdoc/>
    public void Task(TaskComparison task)
    {
        var name = task.Segment is { } segment ? $"segment {segment}"
            : "task " + OneLine.Of(task.Task?.ToString() ?? $"{task.Pid} (ended)");
        Console.Out.WriteLine($"{name}: {Counts(task.Equal, task.Different, task.Missing, task.Unreadable, task.Gone)}");
        foreach (var (range, missing) in task.Differences)
            Console.Out.WriteLine($"{name}: at 0x{range.Start:x}: {Sizes.Count(PageSize.Pages(range.Length), "page")} "
                + (missing ? "missing in the images" : "with other bytes than the images"));
        _equal += task.Equal;
        _different += task.Different;
        _missing += task.Missing;
        _unreadable += task.Unreadable;
        _gone += task.Gone;
    }

    /// <inheritdoc/>
    public void Summary(string directory, ImageCheckResult result, bool? compared, bool sound)
    {
        Console.Out.WriteLine($"{OneLine.Of(directory)}: {Sizes.Count(result.Tasks, "task")}, "
            + $"{Sizes.Count(result.PagesPresent, "page")} here, {result.PagesInParent} in the parent, "
            + $"{Sizes.Count(result.Chain.Count, "round")} in the chain: {Sizes.Count(result.Problems, "problem")}"
            + compared switch
            {
                true => "; memory: " + Counts(_equal, _different, _missing, _unreadable, _gone),
                false => "; memory not compared",
                null => "",
            });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private static string Counts(ulong equal, ulong different, ulong missing, ulong unreadable, ulong gone) =>
        $"{equal} pages equal, {different} different, {missing} missing" + (unreadable > 0 ? $", {unreadable} unreadable" : "")
        + $", {gone} gone";
}
