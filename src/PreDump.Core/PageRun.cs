using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core;

/// <summary>Consecutive pages of a task with one fate: copied, or left to the parent images that hold them already.</summary>
/// <param name="Range">Where they are in the task's memory.</param>
/// <param name="InParent">Whether they are left to the parent.</param>
public readonly record struct PageRun(MemoryRange Range, bool InParent) : IRun<PageRun>
{
    /// <summary>How many pages it has.</summary>
    public ulong Pages => PageSize.Pages(Range.Length);

    /// <summary>The run as a pagemap image has it.</summary>
    public PagemapEntry Entry => new(Range.Start, Pages, InParent ? PageFlags.Parent : PageFlags.Present);

    /// <inheritdoc/>
    public static bool TryJoin(ref PageRun run, in PageRun next)
    {
        var range = run.Range;
        if (run.InParent != next.InParent || !MemoryRange.TryJoin(ref range, next.Range))
            return false;
        run = run with { Range = range };
        return true;
    }
}
