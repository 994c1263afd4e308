namespace PreDump.Core.Sinks;

/// <summary>Where pages go: a directory, a page server. It takes one task after the other. All calls but
/// <see cref="ITaskSink.Write"/> come from one thread at a time, in the order of the pages.</summary>
public interface IPageSink : IDisposable
{
    /// <summary>Whether the bytes, too, have to come in order, each right after its place was reserved, as on a stream. Else they
    /// are written from several threads at a time, in any order.</summary>
    bool WritesInOrder { get; }

    /// <summary>Begins the images of a task.</summary>
    /// <param name="imagePid">The pid that names them: the one in the task's innermost pid namespace.</param>
    ITaskSink Begin(int imagePid);

    /// <summary>Returns when everything that was written is in its place, or is acknowledged by the other side. Without this call
    /// nothing counts.</summary>
    /// <exception cref="PreDumpException">Something is not in its place.</exception>
    void Complete();
}

/// <summary>Where the pages of one task go.</summary>
public interface ITaskSink
{
    /// <summary>Takes the next runs, ascending, and reserves a place for the bytes of the copied ones.</summary>
    /// <param name="runs">What is copied, and what is in the parent.</param>
    /// <param name="bytes">How many bytes the copied ones have.</param>
    /// <returns>The place, which means something to the sink alone.</returns>
    ulong Reserve(ReadOnlySpan<PageRun> runs, int bytes);

    /// <summary>Writes all bytes of a place, once; for a place without bytes it is not called.</summary>
    void Write(ulong slot, ReadOnlySpan<byte> pages);

    /// <summary>No more is reserved. What was reserved may still be written.</summary>
    void End();
}
