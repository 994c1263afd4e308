using PreDump.Core.Reading;

namespace PreDump.Core.Copying;

/// <summary>A batch on its way through the copy, with its turn. Its thread's own; another one may give up its read.</summary>
/// <param name="pages">Its pages; owned.</param>
/// <param name="turn">Its turn; null while it is empty.</param>
public sealed class PlannedBatch(PageBatch pages, BatchTurn? turn = null) : IDisposable
{
    /// <summary>Its pages.</summary>
    public PageBatch Pages => pages;

    /// <summary>Whether it is planned, and not yet delivered.</summary>
    public bool HasTurn => turn is not null;

    /// <summary>Its turn, while it has one.</summary>
    public BatchTurn Turn => turn ?? throw new InvalidOperationException("the batch is empty");

    /// <summary>Gives it its turn.</summary>
    public void Assign(BatchTurn next) => turn = next;

    /// <summary>Reads its pages; where the task has gone it returns how.</summary>
    public TaskGoneException? Read()
    {
        try
        {
            if (Turn.Task.Memory is not null)
                pages.Read();
            return null;
        }
        catch (TaskGoneException e)
        {
            return e;
        }
    }

    /// <summary>Makes it empty, for the next turn.</summary>
    public void Clear()
    {
        pages.Clear();
        turn = null;
    }

    /// <summary>Another one in this one's turn, for what is still there of its pages.</summary>
    public PlannedBatch Successor() => new(pages.Successor(), turn);

    /// <inheritdoc/>
    public void Dispose() => pages.Dispose();
}
