using PreDump.Core.Reading;
using PreDump.Core.Sinks;
using PreDump.Linux;

namespace PreDump.Core.Copying;

/// <summary>One task on its way into the images: what its batches have in common. Made by the thread that plans its first batch,
/// and disposed by the one that delivers its last.</summary>
public sealed class TaskCopy : IDisposable
{
    private TaskCopy(TreeTask task, ParentPages? parentPages, TaskMemory? memory, TaskGoneException? gone) =>
        (Task, ParentPages, Memory, Gone) = (task, parentPages, memory, gone);

    /// <summary>Its pids.</summary>
    public TreeTask Task { get; }

    /// <summary>Its memory, which all threads read; null where it was gone before its first batch.</summary>
    public TaskMemory? Memory { get; }

    /// <summary>The parent's pages of it; null: no page is compared.</summary>
    public ParentPages? ParentPages { get; }

    /// <summary>Why its images end early: it ended, or became one that we may not read. Null where they do not. Set in
    /// turn.</summary>
    public TaskGoneException? Gone { get; private set; }

    /// <summary>What was found of where its pages lie may be wrong: the next round must not rely on it. Set by the thread that
    /// plans its last batch.</summary>
    public bool FramesAreVoid { get; set; }

    /// <summary>Where its pages go. Set in the turn of its first batch.</summary>
    public ITaskSink? Sink { get; set; }

    /// <summary>Opens a task's memory; where that is gone it is a copy without pages.</summary>
    /// <param name="task">The task as it was in the freeze.</param>
    /// <param name="maps">Its maps of that time.</param>
    /// <param name="parentPages">The parent's pages of it, owned afterwards; null: no page is compared.</param>
    /// <param name="stopping">Set where the round has failed.</param>
    /// <exception cref="LinuxException">The memory is there and can't be opened.</exception>
    public static TaskCopy Open(TreeTask task, Func<MapsReader> maps, ParentPages? parentPages, CancellationToken stopping)
    {
        try
        {
            return new TaskCopy(task, parentPages, TaskMemory.Open(task, maps, stopping), gone: null);
        }
        catch (TaskGoneException e)
        {
            return new TaskCopy(task, parentPages, memory: null, e);
        }
        catch (LinuxException e) when (e.Call == "open" && e.Errno is Errno.ENOENT or Errno.ESRCH or Errno.EPERM or Errno.EACCES)
        {
            return new TaskCopy(task, parentPages, memory: null, new TaskGoneException(e.Errno is Errno.EPERM or Errno.EACCES));
        }
    }

    /// <summary>Ends its images with what was delivered so far.</summary>
    public void EndEarly(TaskGoneException why) => Gone ??= why;

    /// <inheritdoc/>
    public void Dispose()
    {
        Memory?.Dispose();
        ParentPages?.Dispose();
    }
}
