namespace PreDump.Core.Sinks;

/// <summary>A destination for pages: a directory or a page server. It receives one task after another:
/// <code>
///   Begin(task) --> Reserve --> Reserve --> ... --> End --> Begin(next task) --> ... --> Complete
///                      |           |
///                    Write       Write     in any order, from several threads, even after End; or,
///                                          if WritesInOrder, directly after each Reserve
/// </code>
/// All calls except <see cref="ITaskSink.Write"/> come from one thread at a time, in the order of the pages.</summary>
public interface IPageSink : IDisposable
{
    /// <summary>Whether each slot must be written directly after it is reserved, before the next one is, as on a stream.
    /// Otherwise slots are written by several threads at the same time, in any order.</summary>
    bool WritesInOrder { get; }

    /// <summary>Begins the images of a task.</summary>
    /// <param name="imagePid">The task's pid in its innermost pid namespace, for the images' names.</param>
    ITaskSink Begin(int imagePid);

    /// <summary>Begins the images of a segment of shared memory, after all tasks.</summary>
    /// <param name="id">The segment's inode number, for the images' names. Addresses are offsets in the segment.</param>
    ITaskSink BeginSegment(ulong id);

    /// <summary>Returns when everything written has reached its destination, or has been acknowledged by the peer. Images are not
    /// valid without this call.</summary>
    /// <exception cref="PreDumpException">Something has not reached its destination.</exception>
    void Complete();
}

/// <summary>The destination for the pages of one task.</summary>
public interface ITaskSink
{
    /// <summary>Adds runs, in ascending order, and reserves a slot for the bytes of the copied ones.</summary>
    /// <param name="runs">Runs that are copied, and runs that are left to the parent.</param>
    /// <param name="bytes">The total size in bytes of the copied ones.</param>
    /// <returns>The slot, which is opaque to the caller.</returns>
    ulong Reserve(ReadOnlySpan<PageRun> runs, int bytes);

    /// <summary>Writes all bytes of a slot. Called once for each slot, unless it has no bytes.</summary>
    void Write(ulong slot, ReadOnlySpan<byte> pages);

    /// <summary>Ends the task: no more is reserved, but reserved slots may still be written.</summary>
    void End();
}
