using System.Diagnostics;
using PreDump.Core.Parents;
using PreDump.Core.Select;
using PreDump.Core.Snapshots;
using PreDump.Linux;

namespace PreDump.Core.Copying;

/// <summary>The order of the copy: which batch comes next, and of which task. Any thread may ask; they plan one at a time, under
/// one lock that guards all that is here, and <see cref="PlanFigures"/>.</summary>
/// <param name="snapshot">The tree as it was in the freeze.</param>
/// <param name="parent">The parent images; null in a first round.</param>
/// <param name="figures">Counts what is left out.</param>
/// <param name="stopping">Set where the round has failed.</param>
public sealed class CopyPlan(TreeSnapshot snapshot, ParentRound? parent, PlanFigures figures, CancellationToken stopping)
    : IDisposable
{
    private readonly Lock _planning = new();
    private readonly PageWalk _walk = new(figures.LeaveOut, stopping);
    private readonly bool _userfaultfd = Userfaultfd.MayBeHeldByAny(snapshot.Tasks.Select(task => task.Task.LiveTid));
    private TaskCopy? _copy; // of the task that is being planned
    private TaskPlan? _plan; // null where that task has gone
    private int _tasksBegun;
    private long _turns;
    private bool _hasFailed;

    /// <summary>Fills an empty batch with the next pages and gives it its turn; false where none are left, or where planning has
    /// failed.</summary>
    public bool TryNext(PlannedBatch batch)
    {
        lock (_planning)
        {
            try
            {
                return !_hasFailed && TryPlan(batch);
            }
            catch // before another thread goes on with a task of which a batch is missing
            {
                _hasFailed = true;
                throw;
            }
        }
    }

    /// <summary>To be called when no thread plans any more.</summary>
    public void Dispose()
    {
        _plan?.Dispose();
        _copy?.Dispose();
    }

    private bool TryPlan(PlannedBatch batch)
    {
        bool isFirst = _copy is null;
        if (isFirst && _tasksBegun == snapshot.Tasks.Count)
            return false;
        var copy = _copy ?? Begin(snapshot.Tasks[_tasksBegun++]);
        long before = Stopwatch.GetTimestamp();
        bool isLast = !TryFill(batch, copy);
        batch.Assign(new BatchTurn(_turns++, copy, isFirst, isLast));
        if (isLast)
            End();
        figures.Scanning += Stopwatch.GetElapsedTime(before);
        return true;
    }

    private bool TryFill(PlannedBatch batch, TaskCopy copy)
    {
        if (copy.Memory is not { } memory)
            return false;
        batch.Pages.Begin(memory);
        return _plan!.TryFill(batch.Pages);
    }

    private TaskCopy Begin(TaskSnapshot task)
    {
        var pids = task.Task;
        ulong? dirty = task.Changes is { } changes ? snapshot.Changes.Pages.Bytes(changes.Pages) : null;
        var parentPages = parent?.PagesOf(pids, dirty);
        _copy = TaskCopy.Open(pids, () => new MapsReader(snapshot.Maps[task.Maps]), parentPages, stopping);
        var coverage = parent?.OpenPagemap(pids); // (it reports a task that the parent does not have)
        if (_copy.Memory is { } memory)
        {
            var check = BeginCheck(task, memory.Pagemap);
            var empty = Reservations.Matter(snapshot.Maps[task.Maps], pids.ExpectedBytes) ? EmptyVmas.Read(pids.LiveTid) : null;
            _walk.Begin(memory.Pagemap, new VmaRules(pids.LiveTid, _userfaultfd), empty);
            _plan = new TaskPlan(snapshot, task, _copy, new ParentOfTask(coverage, check), _walk);
        }
        else
            coverage?.Dispose();
        return _copy;
    }

    private FrameCheck? BeginCheck(TaskSnapshot task, ProcPagemap pagemap)
    {
        if (task.Changes is not { } changes || parent?.Check is not { } check)
            return null;
        check.Begin(task.Task.ImagePid, task.Task.StartTime, pagemap, () => snapshot.Changes.Pages.Each(changes.Pages),
            snapshot.Changes.Tables[changes.Tables], changes.TablesAreAll);
        return check;
    }

    // Its last batch disposes of the task.
    private void End()
    {
        if (_plan is not null)
            figures.Vmas += _walk.Vmas;
        _plan?.Dispose();
        (_plan, _copy) = (null, null);
    }
}
