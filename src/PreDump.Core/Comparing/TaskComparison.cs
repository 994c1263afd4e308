using System.Runtime.InteropServices;
using PreDump.Core.Reading;
using PreDump.Linux;

namespace PreDump.Core.Comparing;

/// <summary>How a stopped task's memory compares with its images. Counts are in pages.</summary>
/// <param name="Pid">The pid that names the images.</param>
/// <param name="Task">The task; null: it has ended, and all its pages are gone.</param>
public sealed record TaskComparison(int Pid, TreeTask? Task) : IComparedPages
{
    private const int MostRanges = 5;

    private readonly List<PageDifference> _differences = [];

    /// <summary>The segment of shared memory that was compared instead of a task's own memory; null: none. Addresses are offsets
    /// in it.</summary>
    public ulong? Segment { get; init; }

    /// <summary>Pages in the images, with the same bytes.</summary>
    public ulong Equal { get; private set; }

    /// <summary>Pages in the images, with other bytes.</summary>
    public ulong Different { get; private set; }

    /// <summary>Pages in memory, of a kind that a pre-dump copies, and not in the images.</summary>
    public ulong Missing { get; private set; }

    /// <summary>Pages in memory, but not readable in any way.</summary>
    public ulong Unreadable { get; private set; }

    /// <summary>Pages in the images, and not in memory any more: harmless, nothing will ask for them.</summary>
    public ulong Gone { get; set; }

    /// <summary>Pages in memory that the images have.</summary>
    internal ulong Known => Equal + Different + Unreadable;

    /// <summary>The first ranges of each kind that differ or are missing.</summary>
    public IReadOnlyList<PageDifference> Differences => _differences;

    /// <inheritdoc/>
    void IComparedPages.Equal(ulong pages) => Equal += pages;

    /// <inheritdoc/>
    void IComparedPages.Different(MemoryRange pages)
    {
        Different += PageSize.Pages(pages.Length);
        Note(pages, missing: false);
    }

    /// <inheritdoc/>
    void IComparedPages.Missing(MemoryRange pages)
    {
        Missing += PageSize.Pages(pages.Length);
        Note(pages, missing: true);
    }

    /// <inheritdoc/>
    void IComparedPages.NotRead(Losses losses) => Unreadable += losses.Vanished + losses.Unreadable;

    private void Note(MemoryRange range, bool missing)
    {
        var next = new PageDifference(range, missing);
        int last = _differences.FindLastIndex(difference => difference.IsMissing == missing);
        if (last >= 0 && PageDifference.TryJoin(ref CollectionsMarshal.AsSpan(_differences)[last], next))
            return;
        if (_differences.Count(difference => difference.IsMissing == missing) < MostRanges)
            _differences.Add(next);
    }
}

/// <summary>Pages of a task that are not in the images, or are there with other bytes.</summary>
/// <param name="Range">Where they are in the task's memory.</param>
/// <param name="IsMissing">Whether they are not in the images.</param>
public readonly record struct PageDifference(MemoryRange Range, bool IsMissing) : IRun<PageDifference>
{
    /// <inheritdoc/>
    public static bool TryJoin(ref PageDifference run, in PageDifference next)
    {
        var range = run.Range;
        if (run.IsMissing != next.IsMissing || !MemoryRange.TryJoin(ref range, next.Range))
            return false;
        run = run with { Range = range };
        return true;
    }
}
