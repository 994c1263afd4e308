using PreDump.Core.Reading;
using PreDump.Core.Select;
using PreDump.Core.Snapshots;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Copying;

/// <summary>Which of a task's pages come next, and what becomes of each: fills one batch after the other. For one thread at a
/// time.</summary>
/// <param name="snapshot">Where the task's maps and dirty pages are.</param>
/// <param name="task">The task in it.</param>
/// <param name="copy">What its batches have in common; its memory is open. The caller's.</param>
/// <param name="parent">What the parent has of it; nothing: everything is copied.</param>
/// <param name="walk">Begun with the task, and its own until the last batch is filled.</param>
public sealed class TaskPlan(TreeSnapshot snapshot, TaskSnapshot task, TaskCopy copy, ParentOfTask parent, PageWalk walk)
    : IDisposable
{
    private int _mapsRead, _dirtySeen;
    private MemoryRange _part; // of the walk
    private PageRun _fated; // of the part
    private MemoryRange _rest; // of those that share a decision
    private bool _inParent, _suspect; // the decision

    /// <summary>Fills a batch, which is begun, with the next pages; false where these were the last ones.</summary>
    public bool TryFill(PageBatch batch)
    {
        var text = snapshot.Maps[task.Maps];
        var maps = new MapsReader(text[_mapsRead..]);
        var fate = new PageFate(Dirty[_dirtySeen..], task.Changes is null ? null : parent.Coverage);
        while (TryNextRun(ref maps, ref fate))
        {
            if (TryAdd(batch))
                continue;
            _mapsRead = text.Length - maps.Left;
            _dirtySeen = Dirty.Length - fate.DirtyLeft;
            return true;
        }
        copy.FramesAreVoid = parent.Check?.End() == true;
        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => parent.Coverage?.Dispose();

    private ReadOnlySpan<MemoryRange> Dirty => task.Changes is { } changes ? snapshot.Changes.Pages[changes.Pages] : default;

    private bool TryAdd(PageBatch batch)
    {
        if (_inParent)
            return batch.TryLeave(ref _rest, parent.Check is { } check ? check.FramesOf(_rest) : default);
        var before = _rest;
        if (!batch.TryAdd(ref _rest, walk.Category, walk.UnderUserfaultfd, _suspect))
            return false;
        if (copy.ParentPages is { } pages && (_suspect || pages.TakesAll || walk.Category == PageCategory.Anonymous))
            batch.Unchanged.Plan(pages, before with { Length = before.Length - _rest.Length }, _suspect);
        return true;
    }

    // The walk's parts are cut by their pages' fate, and what would be left to the parent by what can be known of it.
    private bool TryNextRun(ref MapsReader maps, ref PageFate fate)
    {
        while (_rest.Length == 0)
        {
            if (_fated.Range.Length == 0)
            {
                if (_part.Length == 0 && !walk.TryNext(ref maps, out _part))
                    return false;
                _fated = fate.Next(ref _part);
            }
            bool same = true;
            ulong bytes = _fated.InParent && parent.Check is { } check ? check.Next(_fated.Range, out same) : _fated.Range.Length;
            _rest = _fated.Range with { Length = bytes };
            (_inParent, _suspect) = (_fated.InParent && same, !same);
            _fated = _fated with { Range = _fated.Range.Skip(bytes) };
        }
        return true;
    }
}

/// <summary>What the parent has of a task.</summary>
/// <param name="Coverage">Its pagemap; null: none, or none that may be used.</param>
/// <param name="Check">Asked before a page is left to the parent unread; null: what looks clean is.</param>
public readonly record struct ParentOfTask(IParentCoverage? Coverage, FrameCheck? Check);
