namespace PreDump.Engine;

/// <summary>Where pages go: into image files, or to a page server (CRIU's page_xfer). One task after the other.</summary>
internal interface IPageXfer
{
    /// <summary>Begins the images of a task.</summary>
    /// <param name="imagePid">The pid that names them: the one in the task's innermost pid namespace.</param>
    void OpenTask(int imagePid);

    /// <summary>Takes the next runs, in ascending order.</summary>
    /// <param name="runs">What is copied and what is in the parent.</param>
    /// <param name="pages">The bytes of the copied ones, one behind the other.</param>
    void Write(ReadOnlySpan<PageRun> runs, ReadOnlySpan<byte> pages);

    /// <summary>Ends the images of the task.</summary>
    void CloseTask();
}
