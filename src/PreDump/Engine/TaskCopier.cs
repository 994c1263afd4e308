using System.Diagnostics;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Engine;

/// <summary>Copies one task after the other, running, into an <see cref="IPageXfer"/>: its maps from the freeze, the pages that are
/// there now, in batches.</summary>
internal sealed class TaskCopier(TreeSnapshot snapshot, IPageXfer xfer, Summary summary, Action progress, CancellationToken cancel) : IDisposable
{
    private readonly VmaWindow _window = new();
    private readonly PageBatch _batch = new();
    private readonly Losses _losses = new();

    /// <summary>Copies a task. A page is left to the parent if it was clean in the freeze and the parent has it; all others that
    /// are there are copied.</summary>
    public void Copy(TaskSnapshot task, ParentPagemap? parent)
    {
        xfer.OpenTask(task.Task.ImagePid);
        try
        {
            using var memory = RemoteMemory.TryOpen(task.Task) ?? throw new TaskGoneException(notPermitted: false);
            using var pagemap = Pagemap.Open(task.Task.LiveTid);
            CopyAll(task, parent, memory, pagemap);
        }
        catch (TaskGoneException gone)
        {
            summary.TaskGone(task.Task, gone.NotPermitted);
        }
        catch (LinuxException e) when (e.Call == "open" && e.Errno is Errno.ENOENT or Errno.ESRCH or Errno.EPERM or Errno.EACCES)
        {
            summary.TaskGone(task.Task, notPermitted: e.Errno is Errno.EPERM or Errno.EACCES);
        }
        finally
        {
            _batch.Clear();
        }
        xfer.CloseTask();
        summary.Lose(_losses);
    }

    /// <inheritdoc/>
    public void Dispose() => _batch.Dispose();

    private void CopyAll(TaskSnapshot task, ParentPagemap? parent, RemoteMemory memory, Pagemap pagemap)
    {
        var maps = new MapsReader(snapshot.Maps[task.Maps]);
        var rules = new VmaRules(task.Task.LiveTid);
        var fate = new PageFate(task.Dirty is { } dirty ? snapshot.Dirty[dirty] : default, task.Dirty is null ? null : parent);
        Span<MemoryRange> found = stackalloc MemoryRange[256];
        while (_window.TryFill(ref maps, rules, summary.LeaveOut))
        {
            summary.Vmas += (ulong)_window.Count;
            for (ulong at = _window.Start; at < _window.End;)
            {
                long before = Stopwatch.GetTimestamp();
                int count = pagemap.Scan(ref at, _window.End, _window.Filter, _window.IsAnonymous, found);
                summary.Scanning += Stopwatch.GetElapsedTime(before);
                for (int i = 0; i < count; i++)
                    while (_window.TryTake(ref found[i], out var part))
                        Plan(part, ref fate, memory, pagemap);
            }
        }
        Flush(memory, pagemap);
    }

    private void Plan(MemoryRange part, ref PageFate fate, RemoteMemory memory, Pagemap pagemap)
    {
        while (part.Length > 0)
        {
            var run = fate.Next(ref part);
            for (var rest = run.Range; rest.Length > 0;)
                if (!_batch.TryAdd(ref rest, run.InParent))
                    Flush(memory, pagemap);
        }
    }

    private void Flush(RemoteMemory memory, Pagemap pagemap)
    {
        if (_batch.IsEmpty)
            return;
        cancel.ThrowIfCancellationRequested();
        _batch.Read(memory, pagemap, _losses);
        xfer.Write(_batch.Runs, _batch.Pages);
        summary.Count(_batch.Runs);
        _batch.Clear();
        progress();
    }
}
