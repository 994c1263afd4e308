using PreDump.Core.Parents;
using PreDump.Core.Reading;
using PreDump.Core.Sinks;
using PreDump.Core.Snapshots;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Copying;

/// <summary>Copies the running tree's pages into an <see cref="IPageSink"/> with a few threads. Each of them takes the next batch
/// of pages, reads it, waits for the batch's turn, and writes it out: the images are the same whichever thread was faster. The
/// caller's thread watches them.</summary>
public sealed class TreeCopier : IDisposable
{
    private const ulong WorthAnother = PageBatch.MaxBytes / 2; // bytes

    private readonly CopyShare _share;
    private readonly bool _notesFrames;
    private readonly ulong _expectedBytes;
    private readonly IObserver _observer;
    private readonly FirstFailure _failure = new();
    private readonly RateLimit? _rate;
    private readonly CopyPlan _plan;
    private readonly OrderedGate _gate = new();
    private readonly BatchDelivery _delivery;
    private readonly CopyThreads _threads;
    private readonly ReadWatchdog _watchdog;

    /// <param name="snapshot">The tree as it was in the freeze.</param>
    /// <param name="parent">The parent images; null in a first round.</param>
    /// <param name="sink">Where the pages go.</param>
    /// <param name="ledger">Takes where each page lay; null: it is not noted.</param>
    /// <param name="share">How much of the machine the copy may have.</param>
    /// <param name="summary">Counts the pages.</param>
    /// <param name="observer">Notified of each task.</param>
    public TreeCopier(TreeSnapshot snapshot, ParentRound? parent, IPageSink sink, FrameLedgerWriter? ledger, CopyShare share,
        Summary summary, IObserver observer)
    {
        (_share, _notesFrames, _observer) = (share, ledger is not null, observer);
        _expectedBytes = snapshot.ExpectedBytes;
        _rate = share.MaxRate is { } rate ? new RateLimit(rate, _failure.Stopping) : null;
        _plan = new CopyPlan(snapshot, parent, summary.Planned, _failure.Stopping);
        _delivery = new BatchDelivery(sink, ledger, summary.Delivered, observer);
        _threads = new CopyThreads(Work);
        _watchdog = new ReadWatchdog(_threads, _failure, observer);
        _failure.Stopping.Register(_gate.Close);
        _failure.Stopping.Register(_threads.Stop);
    }

    /// <summary>Copies all tasks.</summary>
    /// <param name="progress">Called about ten times a second.</param>
    /// <param name="cancel">Ends it early.</param>
    public void Copy(Action progress, CancellationToken cancel)
    {
        using var cancelled = cancel.Register(() => _failure.Note(new OperationCanceledException(cancel)));
        StartThreads();
        _watchdog.Watch(progress);
        _ = _threads.WaitForAll(ReadWatchdog.Patience); // what is being read or written comes to its end first, unless it blocks
        _failure.ThrowIfHappened();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_threads.WaitForAll(TimeSpan.Zero)) // a blocked thread may yet use all of it
            return;
        _threads.Dispose();
        _plan.Dispose();
        _failure.Dispose();
    }

    // One thread is enough: it takes the place of the freeze's, which has ended.
    private void StartThreads()
    {
        int started = 0, threads = ThreadsThatPay();
        try
        {
            for (; started < threads && !_failure.HasHappened; started++)
                _threads.Start(new PlannedBatch(PageBatch.OneOf(threads, _notesFrames, _expectedBytes)));
        }
        catch (Exception e) when (started > 0 && Failure.TryExplain(e) is { } reason)
        {
            _observer.Note($"only {started} of {threads} threads copy: {reason}");
        }
        catch (Exception e)
        {
            _failure.Note(e);
        }
    }

    // Of a small tree the first one has copied all before a second one could begin.
    private int ThreadsThatPay() => _expectedBytes <= WorthAnother ? 1 : _share.Threads;

    // A thread's way; where a batch has a turn already, that of a blocked thread, it begins with that.
    private void Work(PlannedBatch batch)
    {
        try
        {
            if (_share.Nice is { } nice)
                OwnProcess.BeNice(nice);
            while (batch.HasTurn || (!_failure.HasHappened && _plan.TryNext(batch)))
            {
                _rate?.Take(batch.Pages.WantedBytes);
                var gone = batch.Read();
                if (!TryDeliver(batch, gone))
                    return;
                batch.Clear();
            }
        }
        catch (Exception e) when (e is not ReadGivenUpException)
        {
            _failure.Note(e);
        }
    }

    // False where the round has failed meanwhile.
    private bool TryDeliver(PlannedBatch batch, TaskGoneException? gone)
    {
        if (!_gate.TryEnter(batch.Turn.Number))
            return false;
        ulong? slot = _delivery.Take(batch, gone);
        _gate.Leave();
        if (slot is { } place)
            batch.Turn.Task.Sink!.Write(place, batch.Pages.Pages);
        return true;
    }
}
