using PreDump.Core.Reading;

namespace PreDump.Core.Copying;

/// <summary>A batch on its way through the copy: whose pages it has, and when it is its turn.</summary>
/// <param name="pages">Its pages; owned.</param>
public sealed class PlannedBatch(PageBatch pages) : IDisposable
{
    /// <summary>Its pages.</summary>
    public PageBatch Pages => pages;

    /// <summary>Its place in the order of all batches.</summary>
    public long Turn { get; set; }

    /// <summary>The task whose pages these are.</summary>
    public TaskCopy Task { get; set; } = null!;

    /// <summary>The task's first batch.</summary>
    public bool IsFirst { get; set; }

    /// <summary>The task's last batch.</summary>
    public bool IsLast { get; set; }

    /// <summary>Another one in this one's turn, for what is still there of its pages.</summary>
    public PlannedBatch Successor() =>
        new(pages.Successor(Task.Pagemap!)) { Turn = Turn, Task = Task, IsFirst = IsFirst, IsLast = IsLast };

    /// <inheritdoc/>
    public void Dispose() => pages.Dispose();
}
