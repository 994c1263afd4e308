using System.Diagnostics;
using PreDump.Linux;

namespace PreDump.Engine;

/// <summary>One task as it was in the freeze.</summary>
/// <param name="Task">Its pids.</param>
/// <param name="Maps">Where its maps lie in <see cref="TreeSnapshot.Maps"/>.</param>
/// <param name="Dirty">Where its dirty pages lie in <see cref="TreeSnapshot.Dirty"/>; null in a first round: all are to be copied.</param>
internal sealed record TaskSnapshot(TreeTask Task, Range Maps, Range? Dirty);

/// <summary>All that is taken of a tree while it is frozen: raw maps, and from the second round on the dirty pages. Dirty tracking
/// is reset in the same freeze, so a page written later is dirty for the next round, and one written earlier is seen by our
/// copy.</summary>
internal sealed class TreeSnapshot : IDisposable
{
    private readonly List<TaskSnapshot> _tasks = [];

    private const ulong Room = 1024 * 1024; // bytes, made before the freeze; more is made where a tree needs it

    private TreeSnapshot(bool dirtyPages) => (Maps, Dirty) = (new MapsArena(Room), new DirtyPages(dirtyPages ? Room : 0));

    /// <summary>The tasks that have memory, parents first.</summary>
    public IReadOnlyList<TaskSnapshot> Tasks => _tasks;

    /// <summary>Processes, zombies included.</summary>
    public int ProcessCount { get; private set; }

    /// <summary>Threads of all processes.</summary>
    public int ThreadCount { get; private set; }

    /// <summary>The raw maps of all tasks.</summary>
    public MapsArena Maps { get; }

    /// <summary>The dirty pages of all tasks.</summary>
    public DirtyPages Dirty { get; }

    /// <summary>Microseconds since boot, sampled in the freeze: CRIU's dump_uptime.</summary>
    public ulong Uptime { get; private set; }

    /// <summary>From the first interrupt until the last thread had stopped.</summary>
    public TimeSpan Freezing { get; private set; }

    /// <summary>From then until the last thread was let go.</summary>
    public TimeSpan Frozen { get; private set; }

    /// <summary>Freezes the tree, takes the snapshot, thaws the tree.</summary>
    /// <param name="request">The tree, and how to freeze it.</param>
    /// <param name="resetDirty">Whether the kernel tracks dirty pages.</param>
    /// <param name="parent">The round before, which tells of which tasks the dirty pages are wanted; null in a first round.</param>
    /// <param name="cancel">Ends the freezing early.</param>
    public static TreeSnapshot Take(FreezeRequest request, bool resetDirty, ParentRound? parent, CancellationToken cancel)
    {
        var snapshot = new TreeSnapshot(dirtyPages: request.Files.HasFlag(FreezeFiles.Pagemap));
        try
        {
            FreezeThread.Run(() =>
            {
                var window = new VmaWindow();
                using var tree = FrozenTree.Freeze(request, cancel);
                RefuseEqualPids(tree.Tasks);
                foreach (var task in tree.Tasks)
                {
                    cancel.ThrowIfCancellationRequested(); // the round is lost then, but the tree need not wait for the rest
                    task.BeginTurn(request.Files);
                    snapshot.TakeTask(task, resetDirty, parent, window);
                    task.EndTurn();
                }
                snapshot.Uptime = ProcFs.UptimeMicroseconds();
                long thawed = tree.Thaw();

                snapshot.Freezing = Stopwatch.GetElapsedTime(tree.InterruptedAt, tree.StoppedAt);
                snapshot.Frozen = Stopwatch.GetElapsedTime(tree.StoppedAt, thawed);
                snapshot.ProcessCount = tree.Tasks.Count;
                snapshot.ThreadCount = tree.Tasks.Sum(task => task.ThreadCount);
                return true;
            });
            return snapshot;
        }
        catch
        {
            snapshot.Dispose();
            throw;
        }
    }

    /// <summary>Takes those tasks out of which changed pages can't be told, because they may have been merged (<see cref="Ksm"/>). Of a task
    /// that its parent does not hold, the final dump copies everything.</summary>
    /// <returns>The tasks that are left out.</returns>
    public IReadOnlyList<TreeTask> LeaveOutMergeable()
    {
        var mergeable = _tasks.FindAll(task => Ksm.MayMerge(task.Task.LiveTid));
        _tasks.RemoveAll(mergeable.Contains);
        return mergeable.ConvertAll(task => task.Task);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Maps.Dispose();
        Dirty.Dispose();
    }

    // Two nested pid namespaces may each have a pid 1; CRIU names images by that pid alone. Refused before dirty tracking is
    // reset, so that the parent can still be built upon.
    private static void RefuseEqualPids(IReadOnlyList<TreeTask> tasks)
    {
        var pids = new HashSet<int>(tasks.Count);
        foreach (var task in tasks)
            if (task.LiveTid != 0 && !pids.Add(task.ImagePid))
                throw new PreDumpException($"tasks {string.Join(" and ", tasks.Where(same => same.LiveTid != 0 && same.ImagePid == task.ImagePid))} "
                    + $"all have pid {task.ImagePid} in their pid namespaces, and CRIU names images by that pid: pre-dump each namespace's "
                    + "tree by itself");
    }

    private void TakeTask(TreeTask task, bool resetDirty, ParentRound? parent, VmaWindow window)
    {
        if (task.Maps is null) // a zombie, or gone while it was being frozen
            return;
        var maps = Maps.Read(task.Maps);
        Range? dirty = task.Pagemap is { } pagemap && parent?.Has(task) == true
            ? Dirty.Read(pagemap, Maps[maps], new VmaRules(task.LiveTid), window)
            : null;
        if (resetDirty && task.ClearRefs is { } clearRefs)
        {
            parent?.TrackingIsReset();
            SoftDirty.Reset(clearRefs);
        }
        _tasks.Add(new TaskSnapshot(task, maps, dirty));
    }
}
