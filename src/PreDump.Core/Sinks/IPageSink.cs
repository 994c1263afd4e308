namespace PreDump.Core.Sinks;

/// <summary>Where pages go: into a directory, to a page server, … One task after the other; but for <see cref="ITaskSink.Write"/> everything is
/// called in turn, by one thread at a time.</summary>
public interface IPageSink : IDisposable
{
    /// <summary>Whether the bytes, too, are to come in turn, right after their place was reserved: on a stream everything has its turn. Else
    /// they are written from several threads at a time.</summary>
    bool WritesInOrder { get; }

    /// <summary>Begins the images of a task.</summary>
    /// <param name="imagePid">The pid that names them: the one in the task's innermost pid namespace.</param>
    ITaskSink Begin(int imagePid);

    /// <summary>All is there: returns when everything has arrived, or been acknowledged by the other side. Without it nothing counts.</summary>
    /// <exception cref="PreDumpException">Something has not.</exception>
    void Complete();
}

/// <summary>Where the pages of one task go.</summary>
public interface ITaskSink
{
    /// <summary>Takes the next runs, in ascending order, and makes a place for the bytes of the copied ones.</summary>
    /// <param name="runs">What is copied and what is in the parent.</param>
    /// <param name="bytes">How many bytes the copied ones have.</param>
    /// <returns>The place, which only the sink understands.</returns>
    ulong Reserve(ReadOnlySpan<PageRun> runs, int bytes);

    /// <summary>Writes bytes to their place: once for each place, with all of its bytes, if it has any.</summary>
    void Write(ulong slot, ReadOnlySpan<byte> pages);

    /// <summary>No more is reserved. What was reserved may yet be written.</summary>
    void End();
}
