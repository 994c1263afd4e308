using System.Runtime.InteropServices;
using PreDump.Core.Reading;
using PreDump.Linux;

namespace PreDump.Core.Copying;

/// <summary>What delivering batches counts: written by the thread whose turn it is (<see cref="OrderedGate"/>), read when the
/// copy has ended; counts of pages also meanwhile, for the progress, by a thread that may see those of some turns ago.</summary>
public sealed class CopyFigures
{
    private readonly List<(TreeTask Task, bool NotPermitted)> _goneTasks = [];

    /// <summary>Pages that were copied.</summary>
    public ulong PagesWritten { get; private set; }

    /// <summary>Pages that the parent has.</summary>
    public ulong PagesInParent { get; private set; }

    /// <summary>Those of them that were dirty in the freeze and hold what the parent has.</summary>
    public ulong PagesUnchanged { get; private set; }

    /// <summary>Pages that looked clean and were not certainly the parent's.</summary>
    public ulong PagesSuspect { get; private set; }

    /// <summary>Those of them that hold other bytes than the parent.</summary>
    public ulong PagesMoved { get; private set; }

    /// <summary>Pages that were chosen and could not be copied.</summary>
    public Losses Lost { get; private set; }

    /// <summary>How long comparing took, of all threads together.</summary>
    public TimeSpan Comparing { get; private set; }

    /// <summary>Tasks that ended, or became unreadable, while they were copied.</summary>
    public IReadOnlyList<(TreeTask Task, bool NotPermitted)> GoneTasks => _goneTasks;

    /// <summary>Counts a batch that has its place in the images.</summary>
    public void Count(PageBatch batch)
    {
        Count(batch.Runs);
        PagesUnchanged += batch.Unchanged.Count;
        PagesSuspect += batch.Suspects;
        PagesMoved += batch.Unchanged.Moved;
        Comparing += batch.Unchanged.Time;
        Lost = new Losses(Lost.Vanished + batch.Losses.Vanished, Lost.Unreadable + batch.Losses.Unreadable);
    }

    /// <summary>Counts pages that have their place in the images.</summary>
    /// <param name="runs">The pages.</param>
    /// <param name="unchanged">What comparing them found.</param>
    public void Count(List<PageRun> runs, UnchangedPages unchanged)
    {
        Count(CollectionsMarshal.AsSpan(runs));
        PagesUnchanged += unchanged.Count;
        Comparing += unchanged.Time;
    }

    /// <summary>Counts a task that is done with.</summary>
    public void Count(TaskCopy task)
    {
        if (task.Gone is { } gone)
            _goneTasks.Add((task.Task, gone.NotPermitted));
    }

    private void Count(ReadOnlySpan<PageRun> runs)
    {
        foreach (var run in runs)
        {
            if (run.InParent)
                PagesInParent += run.Pages;
            else
                PagesWritten += run.Pages;
        }
    }
}
