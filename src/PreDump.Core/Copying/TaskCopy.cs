using PreDump.Core.Reading;
using PreDump.Core.Select;
using PreDump.Core.Sinks;
using PreDump.Core.Snapshots;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Copying;

/// <summary>One task on its way into the images: its open files, and which of its pages come next. Batches are filled one after the
/// other; they are read by several threads, and delivered in turn.</summary>
public sealed class TaskCopy : IDisposable
{
    private readonly TreeSnapshot _snapshot;
    private readonly TaskSnapshot _task;
    private readonly IParentCoverage? _parent;
    private readonly ParentPages? _parentPages;
    private readonly FrameCheck? _check;
    private readonly Summary _summary;
    private readonly PageWalk? _walk;
    private readonly RoomToSwapIn? _roomToSwapIn;
    private int _mapsRead, _dirtySeen;
    private MemoryRange _part; // of the walk
    private PageRun _fated; // of the part
    private MemoryRange _rest; // of those that share a decision
    private bool _inParent, _suspect; // the decision

    /// <summary>Opens the task's memory; where that has gone it is a copy without pages.</summary>
    /// <param name="snapshot">Where the task's maps and dirty pages are.</param>
    /// <param name="task">The task in it.</param>
    /// <param name="parent">The parent's pagemap of it, owned from here on; null: everything is copied.</param>
    /// <param name="parentPages">The parent's pages of it, owned, too; null: no page is compared.</param>
    /// <param name="check">Asked before a page is left to the parent unread; this task's until the last batch is filled; null: what looks
    /// clean is.</param>
    /// <param name="walk">Goes through its pages; this task's until the last batch is filled.</param>
    /// <param name="userfaultfd">Whether some of its memory may be under a userfaultfd.</param>
    /// <param name="summary">Takes what is left out.</param>
    /// <param name="stopping">Set where the round has failed.</param>
    public TaskCopy(TreeSnapshot snapshot, TaskSnapshot task, IParentCoverage? parent, ParentPages? parentPages, FrameCheck? check, PageWalk walk,
        bool userfaultfd, Summary summary, CancellationToken stopping)
    {
        (_snapshot, _task, _parent, _parentPages, _check, _summary) = (snapshot, task, parent, parentPages, task.Dirty is null ? null : check, summary);
        try
        {
            Memory = RemoteMemory.TryOpen(Task);
            if (Memory is null)
            {
                Gone(notPermitted: false);
                return;
            }
            Pagemap = ProcPagemap.Open(Task.LiveTid);
            _roomToSwapIn = new RoomToSwapIn(Task, Memory, () => new MapsReader(_snapshot.Maps[_task.Maps]), stopping);
            walk.Begin(Pagemap, new VmaRules(Task.LiveTid, userfaultfd));
            _check?.Begin(Task.ImagePid, Task.StartTime, Pagemap, () => snapshot.Dirty.Each(task.Dirty!.Value), snapshot.DirtyTables[task.DirtyTables]);
            _walk = walk;
        }
        catch (LinuxException e) when (e.Call == "open" && e.Errno is Errno.ENOENT or Errno.ESRCH or Errno.EPERM or Errno.EACCES)
        {
            Gone(notPermitted: e.Errno is Errno.EPERM or Errno.EACCES);
        }
    }

    /// <summary>Its pids.</summary>
    public TreeTask Task => _task.Task;

    /// <summary>Its memory; null where it has gone.</summary>
    public RemoteMemory? Memory { get; }

    /// <summary>Its page tables; null where it has gone.</summary>
    public ProcPagemap? Pagemap { get; }

    /// <summary>Whether it ended, or became one that we may not read: its images end there. Set in turn.</summary>
    public bool IsGone { get; private set; }

    /// <summary>What was found of where its pages lie may be wrong: the next round must not go by it. Set with the last batch.</summary>
    public bool FramesAreVoid { get; private set; }

    /// <summary>Where its pages go. Set with the first batch that is delivered.</summary>
    public ITaskSink? Sink { get; set; }

    /// <summary>Fills a batch with the next pages; false where these were the last ones.</summary>
    public bool Fill(PageBatch batch)
    {
        if (_walk is null)
            return false;
        var maps = new MapsReader(_snapshot.Maps[_task.Maps][_mapsRead..]);
        var fate = new PageFate(Dirty[_dirtySeen..], _task.Dirty is null ? null : _parent);
        while (TryNextRun(_walk, ref maps, ref fate))
        {
            if (batch.IsEmpty)
                (batch.UnderUserfaultfd, batch.RoomToSwapIn) = (_walk.UnderUserfaultfd, _roomToSwapIn);
            if (batch.UnderUserfaultfd == _walk.UnderUserfaultfd && TryAdd(batch, _walk.Category))
                continue;
            _mapsRead = _snapshot.Maps[_task.Maps].Length - maps.Left;
            _dirtySeen = Dirty.Length - fate.DirtyLeft;
            return true;
        }
        _summary.Vmas += _walk.Vmas;
        FramesAreVoid = _check?.End() == true;
        return false;
    }

    /// <summary>Notes that the task is lost.</summary>
    public void Gone(bool notPermitted)
    {
        if (IsGone)
            return;
        IsGone = true;
        _summary.TaskGone(Task, notPermitted);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Memory?.Dispose();
        Pagemap?.Dispose();
        _parent?.Dispose();
        _parentPages?.Dispose();
    }

    private ReadOnlySpan<MemoryRange> Dirty => _task.Dirty is { } dirty ? _snapshot.Dirty[dirty] : default;

    private bool TryAdd(PageBatch batch, PageCategory category)
    {
        var before = _rest;
        var frames = _inParent && _check is not null ? _check.FramesOf(_rest) : default;
        if (!batch.TryAdd(ref _rest, _inParent, category, frames))
            return false;
        var added = before with { Length = before.Length - _rest.Length };
        if (_suspect)
            batch.Suspects += PageSize.Pages(added.Length);
        if (!_inParent && (_suspect || category == PageCategory.Anonymous) && _parentPages is not null)
            batch.Unchanged.Plan(_parentPages, added, _suspect);
        return true;
    }

    // The walk's parts are cut by their pages' fate, and what would be left to the parent by what can be known of it.
    private bool TryNextRun(PageWalk walk, ref MapsReader maps, ref PageFate fate)
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
            ulong bytes = _fated.InParent && _check is not null ? _check.Next(_fated.Range, out same) : _fated.Range.Length;
            _rest = _fated.Range with { Length = bytes };
            (_inParent, _suspect) = (_fated.InParent && same, !same);
            _fated = _fated with { Range = _fated.Range.Skip(bytes) };
        }
        return true;
    }
}
