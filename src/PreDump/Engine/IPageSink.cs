namespace PreDump.Engine;

/// <summary>Where pages go: into image files, or to a page server (CRIU's page_xfer). One task after the other; all but
/// <see cref="Write"/> is called in turn.</summary>
internal interface IPageSink
{
    /// <summary>Begins the images of a task.</summary>
    /// <param name="imagePid">The pid that names them: the one in the task's innermost pid namespace.</param>
    void OpenTask(int imagePid);

    /// <summary>Takes the next runs, in ascending order.</summary>
    /// <param name="runs">What is copied and what is in the parent.</param>
    /// <param name="pages">The bytes of the copied ones, one behind the other.</param>
    /// <returns>Where the bytes are to be written.</returns>
    SinkSlot Place(ReadOnlySpan<PageRun> runs, ReadOnlySpan<byte> pages);

    /// <summary>Writes the bytes to their place; from several threads at a time.</summary>
    void Write(SinkSlot place, ReadOnlySpan<byte> pages);

    /// <summary>Ends the images of the task: no more is placed.</summary>
    void CloseTask();
}

/// <summary>Where the bytes of a batch go; nowhere where <see cref="File"/> is null.</summary>
/// <param name="File">The pages file.</param>
/// <param name="Offset">Where in it, in bytes.</param>
internal readonly record struct SinkSlot(PagesFile? File, ulong Offset);
