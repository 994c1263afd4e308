using System.Diagnostics;
using System.Runtime.ExceptionServices;
using PreDump.Core.Parents;
using PreDump.Core.Reading;
using PreDump.Core.Select;
using PreDump.Core.Sinks;
using PreDump.Core.Snapshots;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Copying;

/// <summary>Copies the running tree's pages into an <see cref="IPageSink"/> with a few threads. Each of them takes the next batch of
/// pages, reads it, waits for the batch's turn, and writes it out: the images are the same whichever thread was faster. The
/// caller's thread watches them: a read that blocks (a userfaultfd that nobody answers, a file system that hangs) is given up
/// with its thread, and a new thread goes on with what is still there.</summary>
public sealed class TreeCopier : IDisposable
{
    private const int MostGivenUp = 16;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2), s_look = TimeSpan.FromMilliseconds(100);

    private readonly TreeSnapshot _snapshot;
    private readonly ParentRound? _parent;
    private readonly IPageSink _sink;
    private readonly FrameLedgerWriter? _ledger;
    private readonly Summary _summary;
    private readonly IObserver _observer;
    private readonly Lock _planning = new();
    private readonly object _order = new(); // guards what is below, the summary's counts and the sink
    private readonly CancellationTokenSource _stopping = new();
    private readonly ManualResetEventSlim _ended = new(false, spinCount: 0); // all is copied, or it has failed
    private readonly List<PlannedBatch> _batches = [];
    private readonly PageWalk _walk;
    private readonly bool _userfaultfd;
    private readonly RateLimit? _rate;
    private readonly int _threads;
    private readonly int? _nice;

    private TaskCopy? _task;
    private int _nextTask;
    private long _batchesPlanned, _turn;
    private int _working, _givenUp;
    private (ulong Written, ulong InParent) _before;
    private ExceptionDispatchInfo? _failure;

    /// <param name="snapshot">The tree as it was in the freeze.</param>
    /// <param name="parent">The parent images; null in a first round.</param>
    /// <param name="sink">Where the pages go.</param>
    /// <param name="ledger">Takes where each page lay; null: it is not noted.</param>
    /// <param name="share">How much of the machine the copy may have.</param>
    /// <param name="summary">Counts the pages.</param>
    /// <param name="observer">Told of each task.</param>
    public TreeCopier(TreeSnapshot snapshot, ParentRound? parent, IPageSink sink, FrameLedgerWriter? ledger, CopyShare share, Summary summary,
        IObserver observer)
    {
        (_snapshot, _parent, _sink, _ledger, _summary, _observer) = (snapshot, parent, sink, ledger, summary, observer);
        (_threads, _nice) = (share.Threads, share.Nice);
        _walk = new PageWalk(summary.LeaveOut);
        _rate = share.MaxRate is { } rate ? new RateLimit(rate, _stopping.Token) : null;
        _userfaultfd = Userfaultfd.MayBeHeldByOneOf(snapshot.Tasks.Select(task => task.Task.LiveTid));
    }

    /// <summary>Copies all tasks.</summary>
    /// <param name="progress">Called about ten times a second.</param>
    /// <param name="cancel">Ends it early.</param>
    public void Copy(Action progress, CancellationToken cancel)
    {
        using var cancelled = cancel.Register(() => Fail(new OperationCanceledException(cancel)));
        lock (_order)
        {
            for (int i = 0; i < _threads && _failure is null; i++)
                Start(() => new PlannedBatch(PageBatch.OneOf(_threads, notesFrames: _ledger is not null)), planned: false);
        }
        long running = Stopwatch.GetTimestamp();
        for (long looked = running; !_ended.Wait(s_look); looked = Stopwatch.GetTimestamp())
        {
            progress();
            if (Stopwatch.GetElapsedTime(looked) > s_patience) // we were stopped ourselves (Ctrl-Z): no wonder that a read took long
                running = Stopwatch.GetTimestamp();
            if (Stopwatch.GetElapsedTime(running) > s_patience)
                GiveUpBlocked();
        }
        // What is being read or written comes to its end first, but for a thread that is blocked.
        lock (_order)
            for (var since = Stopwatch.GetTimestamp(); _working > 0 && Stopwatch.GetElapsedTime(since) < s_patience;)
                Monitor.Wait(_order, s_look);
        _failure?.Throw();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_order)
        {
            _task?.Dispose();
            if (_working > 0) // a blocked thread may yet write to its batch
                return;
            _batches.ForEach(batch => batch.Dispose());
            _stopping.Dispose();
            _ended.Dispose();
        }
    }

    // Where there is no memory for another batch or thread, those that work are still waited for: they use the snapshot.
    private void Start(Func<PlannedBatch> make, bool planned)
    {
        try
        {
            var batch = make();
            _batches.Add(batch);
            new Thread(() => Work(batch, planned), maxStackSize: 256 * 1024) { Name = "copy", IsBackground = true }.Start();
            _working++; // under the lock, so before the thread can have ended
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private void Work(PlannedBatch batch, bool planned)
    {
        try
        {
            if (_nice is { } nice)
                OwnProcess.BeNice(nice);
            for (; planned || TryPlan(batch); planned = false)
            {
                TaskGoneException? gone = null;
                try
                {
                    _rate?.Take(batch.Pages.WantedBytes);
                    if (batch.Task is { Memory: { } memory, Pagemap: { } pagemap })
                        batch.Pages.Read(memory, pagemap);
                }
                catch (TaskGoneException e)
                {
                    gone = e;
                }
                if (!TryDeliver(batch, gone))
                    break;
                batch.Pages.Clear();
            }
        }
        catch (ReadGivenUpException)
        {
            return; // another one works in our place
        }
        catch (Exception e)
        {
            Fail(e);
        }
        lock (_order)
        {
            if (--_working == 0)
                _ended.Set();
            Monitor.PulseAll(_order);
        }
    }

    private bool TryPlan(PlannedBatch batch)
    {
        lock (_planning)
        {
            try
            {
                return _failure is null && TryPlanNext(batch);
            }
            catch (Exception e) // told before another thread goes on with a task of which a batch is missing
            {
                Fail(e);
                return false;
            }
        }
    }

    private bool TryPlanNext(PlannedBatch batch)
    {
        batch.IsFirst = _task is null;
        if (_task is null)
        {
            if (_nextTask == _snapshot.Tasks.Count)
                return false;
            var task = _snapshot.Tasks[_nextTask++];
            var parentPages = task.Dirty is { } dirty ? _parent?.PagesOf(task.Task, _snapshot.Dirty.Bytes(dirty)) : null;
            _task = new TaskCopy(_snapshot, task, _parent?.OpenPagemap(task.Task), parentPages, _parent?.Check, _walk, _userfaultfd, _summary,
                _stopping.Token);
        }
        long before = Stopwatch.GetTimestamp();
        batch.Task = _task;
        batch.IsLast = !_task.Fill(batch.Pages);
        batch.Turn = _batchesPlanned++;
        if (batch.IsLast)
            _task = null;
        _summary.Scanning += Stopwatch.GetElapsedTime(before);
        return true;
    }

    // False where there is no use in going on.
    private bool TryDeliver(PlannedBatch batch, TaskGoneException? gone)
    {
        ulong slot = 0;
        bool hasPages = false;
        lock (_order)
        {
            while (_turn != batch.Turn && _failure is null)
                Monitor.Wait(_order);
            if (_failure is not null)
                return false;
            if (batch.IsFirst)
                Begin(batch.Task);
            if (gone is not null)
                batch.Task.Gone(gone.NotPermitted);
            if (!batch.Task.IsGone)
            {
                slot = batch.Task.Sink!.Reserve(batch.Pages.Runs, batch.Pages.Pages.Length);
                hasPages = !batch.Pages.Pages.IsEmpty;
                if (hasPages && _sink.WritesInOrder)
                    batch.Task.Sink.Write(slot, batch.Pages.Pages);
                _summary.Count(batch.Pages.Runs);
                _summary.Lose(batch.Pages.Losses);
                _summary.CountCompared(batch.Pages.Unchanged, batch.Pages.Suspects);
                if (_ledger is not null)
                    batch.Pages.WriteFrames(_ledger);
            }
            if (batch.IsLast)
                End(batch.Task);
            _turn++;
            Monitor.PulseAll(_order);
        }
        if (hasPages && !_sink.WritesInOrder)
            batch.Task.Sink!.Write(slot, batch.Pages.Pages);
        return true;
    }

    private void Begin(TaskCopy task)
    {
        task.Sink = _sink.Begin(task.Task.ImagePid);
        _ledger?.BeginTask(task.Task.ImagePid, task.Task.StartTime);
        _before = (_summary.PagesWritten, _summary.PagesInParent);
    }

    private void End(TaskCopy task)
    {
        task.Sink!.End();
        _ledger?.EndTask(task.FramesAreVoid);
        _observer.Detail($"task {task.Task}: images named {task.Task.ImagePid}, {_summary.PagesWritten - _before.Written} pages written, "
            + $"{_summary.PagesInParent - _before.InParent} in the parent");
        task.Dispose();
    }

    private void GiveUpBlocked()
    {
        lock (_order)
            foreach (var batch in _batches.Where(batch => batch.Pages.TryGiveUp(s_patience)).ToArray())
                GoOnWithout(batch);
    }

    private void GoOnWithout(PlannedBatch batch)
    {
        _batches.Remove(batch); // never disposed: the kernel may yet write into it
        _working--;
        var task = batch.Task.Task;
        if (++_givenUp > MostGivenUp)
        {
            Fail(new PreDumpException($"task {task}: its memory can't be read, reading blocks again and again (a userfaultfd without an answer, "
                + "a file system or a swap device that hangs?)"));
            return;
        }
        _observer.Note($"task {task}: a read blocked for {s_patience.TotalSeconds} s and is given up; going on with what is still there");
        Start(batch.Successor, planned: true);
    }

    private void Fail(Exception e)
    {
        lock (_order)
        {
            _failure ??= ExceptionDispatchInfo.Capture(e);
            _stopping.Cancel();
            _ended.Set();
            Monitor.PulseAll(_order);
        }
    }
}
