using PreDump.Core.Reading;
using PreDump.Core.Sinks;
using PreDump.Images;

namespace PreDump.Core.Copying;

/// <summary>What is done with a batch in its turn: it gets its place in the images, and is counted. Tasks begin and end here,
/// too. By one thread at a time: the one whose turn it is (<see cref="OrderedGate"/>).</summary>
/// <param name="sink">Where the pages go.</param>
/// <param name="ledger">Takes where each page lay; null: it is not noted.</param>
/// <param name="figures">Counts the pages.</param>
/// <param name="observer">Notified of each task that is done with.</param>
public sealed class BatchDelivery(IPageSink sink, FrameLedgerWriter? ledger, CopyFigures figures, IObserver observer)
{
    private (ulong Written, ulong InParent) _before; // the task

    /// <summary>Takes a batch that was read.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="gone">How its task was lost while it was read; null: it was not.</param>
    /// <returns>Where its bytes are to be written after the turn; null: nowhere, or that is done already.</returns>
    public ulong? Take(PlannedBatch batch, TaskGoneException? gone)
    {
        var (turn, task) = (batch.Turn, batch.Turn.Task);
        if (turn.IsFirst)
            Begin(task);
        if (gone is not null)
            task.EndEarly(gone);
        ulong? slot = task.Gone is null ? Place(batch.Pages, task.Sink!) : null;
        if (turn.IsLast)
            End(task);
        return slot;
    }

    private void Begin(TaskCopy task)
    {
        task.Sink = sink.Begin(task.Task.ImagePid);
        ledger?.BeginTask(task.Task.ImagePid, task.Task.StartTime);
        _before = (figures.PagesWritten, figures.PagesInParent);
    }

    private ulong? Place(PageBatch batch, ITaskSink task)
    {
        ulong slot = task.Reserve(batch.Runs, batch.Pages.Length);
        bool isWritten = batch.Pages.IsEmpty;
        if (!isWritten && sink.WritesInOrder)
        {
            task.Write(slot, batch.Pages);
            isWritten = true;
        }
        figures.Count(batch);
        if (ledger is not null)
            batch.WriteFrames(ledger);
        return isWritten ? null : slot;
    }

    private void End(TaskCopy task)
    {
        task.Sink!.End();
        ledger?.EndTask(task.FramesAreVoid);
        figures.Count(task);
        observer.Detail($"task {task.Task}: images named {task.Task.ImagePid}, "
            + $"{figures.PagesWritten - _before.Written} pages written, "
            + $"{figures.PagesInParent - _before.InParent} in the parent");
        task.Dispose();
    }
}
