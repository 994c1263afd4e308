using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core;

/// <summary>Consecutive pages of a task that are all copied, or all left to the parent images, which already have them.</summary>
/// <param name="Range">The pages' addresses in the task's memory.</param>
/// <param name="InParent">Whether they are left to the parent.</param>
public readonly record struct PageRun(MemoryRange Range, bool InParent) : IRun<PageRun>
{
    /// <summary>The number of pages.</summary>
    public ulong Pages => PageSize.Pages(Range.Length);

    /// <summary>The run as an entry of a pagemap image.</summary>
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
