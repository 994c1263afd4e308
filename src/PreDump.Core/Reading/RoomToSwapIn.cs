using System.Diagnostics;
using PreDump.Linux;

namespace PreDump.Core.Reading;

/// <summary>Pages read from swap take memory of the task's cgroup until they are sent back. At its limit the kernel makes room by
/// sending others out, or, where that is too slow or swap is full, by killing a task. So the room is made before, a MiB at a
/// time, from the task's own memory; where that can't be done the round fails and the task lives. For one thread at a
/// time.</summary>
/// <param name="task">The task.</param>
/// <param name="memory">Its memory.</param>
/// <param name="maps">Its maps, raw.</param>
/// <param name="stopping">Set where the round has failed meanwhile.</param>
public sealed class RoomToSwapIn(TreeTask task, RemoteMemory memory, Func<MapsReader> maps, CancellationToken stopping)
{
    private const ulong Enough = 1024 * 1024, Step = 1024 * 1024; // bytes

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3), s_pause = TimeSpan.FromMilliseconds(1);

    private readonly Lazy<MemoryLimits> _limits = new(() => MemoryLimits.Of(task.LiveTid)); // few tasks have pages in swap
    private ulong _sentOutTo; // up to this address memory has been sent out: the next time it begins there

    /// <summary>Returns when there is room, which is made if it must be.</summary>
    /// <exception cref="PreDumpException">No room can be made.</exception>
    public void Await()
    {
        long since = Stopwatch.GetTimestamp();
        while (true)
        {
            var (bytes, by) = _limits.Value.Room();
            if (bytes >= Enough || memory.HasEnded)
                return;
            stopping.ThrowIfCancellationRequested();
            if (Stopwatch.GetElapsedTime(since) > s_patience)
                throw new PreDumpException($"task {task}: some of its memory is in swap, and {by} has no room to read it "
                    + $"({bytes / 1024} KiB left, or swap is nearly full): reading could get the task killed; raise the "
                    + "memory limit, or add swap, at least for the round");
            if (!MemoryLimits.SwapIsRoomy() || !TrySendOut())
                Thread.Sleep(s_pause);
        }
    }

    // The next MiB of private memory; false at the end of it, from where it begins anew.
    private bool TrySendOut()
    {
        var vmas = maps();
        while (vmas.TryRead(out var vma))
        {
            if (vma.Shared || vma.End <= _sentOutTo)
                continue;
            ulong start = Math.Max(vma.Start, _sentOutTo);
            var part = new MemoryRange(start, Math.Min(vma.End - start, Step));
            _sentOutTo = part.End;
            memory.PageOut(part);
            return true;
        }
        _sentOutTo = 0;
        return false;
    }
}
