using PreDump.Core.Select;
using PreDump.Linux;

namespace PreDump.Core.Tracking;

/// <summary>Tracks changes with the kernel's soft-dirty bits (<see cref="SoftDirty"/>). They miss pages that mremap(2) moves
/// together with their page table, so they are trusted alone only if the user says so, and pages that KSM merges.</summary>
/// <param name="isTrusted">Whether the user trusts soft-dirty alone.</param>
public sealed class SoftDirtyTracker(bool isTrusted) : IDirtyTracker
{
    private readonly VmaWindow _window = new();
    private readonly VmaRules _rules = new();
    private readonly Dictionary<int, PopulatedTables> _populated = []; // of tasks with reserved address space, by pid
    private IReadOnlySet<int>? _left; // the pids of the tasks to reset in the freeze; null for all

    /// <inheritdoc/>
    public bool Works { get; } = SoftDirty.IsSupported();

    /// <inheritdoc/>
    public bool ComparesAll => false;

    /// <inheritdoc/>
    public bool IsTrusted => isTrusted;

    /// <inheritdoc/>
    public int? ResetRunning(TreeRoot root, TimeSpan timeout, CancellationToken cancel)
    {
        if (!Works)
            return null;
        _left = RunningReset.Run(root, timeout, cancel);
        return _left.Count;
    }

    /// <inheritdoc/>
    public FreezeFiles Files(bool hasParent) =>
        (Works && _left is not { Count: 0 } ? FreezeFiles.ClearRefs : FreezeFiles.None)
        | (hasParent ? FreezeFiles.Pagemap : FreezeFiles.None);

    /// <inheritdoc/>
    public void Prepare(TreeRoot root, CancellationToken cancel)
    {
        Rehearse(root);
        if (!Reservations.MayMatter)
            return;
        using var tree = new ProcessTree(root);
        tree.Scan((_, _) => { });
        foreach (var task in tree.Tasks)
        {
            if (TaskLook.Take(task, cancel) is { } tables)
                _populated[task.Pid] = tables;
        }
    }

    /// <inheritdoc/>
    public TaskChanges? Read(TreeTask task, ReadOnlySpan<byte> maps, Changes into, bool withTables, FreezeLimit limit)
    {
        if (task.Pagemap is not { } pagemap)
            return null;
        _rules.Begin(task.LiveTid);
        var populated = _populated.GetValueOrDefault(task.Pid);
        var pages = into.Pages.Read(pagemap, maps, _rules, _window, populated, limit);
        var tables = !withTables ? default
            : populated is null ? into.Tables.Read(pagemap, into.Pages[pages])
            : into.Tables.ReadAll(pagemap, populated, limit);
        return new TaskChanges(pages, tables, TablesAreAll: populated is not null);
    }

    // Reads a few pages of the running tree and forgets them, so that no class is initialized in the freeze: as of a file, since
    // that needs most of the rules.
    private void Rehearse(TreeRoot root)
    {
        if (ProcFs.TryOpen(root.Pid, "pagemap") is not { } file)
            return;
        using var pagemap = new ProcPagemap(file);
        using var rehearsal = new Changes(expected: true);
        var limit = new FreezeLimit(long.MaxValue, CancellationToken.None);
        _rules.Begin(root.Pid);
        _ = rehearsal.Pages.Read(pagemap, "10000-20000 rw-p 00000000 08:01 1 /x\n"u8, _rules, _window, populated: null, limit);
        _ = rehearsal.Tables.Read(pagemap, [new MemoryRange(0x10000, PageSize.Step)]);
        _ = rehearsal.Tables.ReadAll(pagemap, new PopulatedTables(), limit);
    }

    /// <inheritdoc/>
    public bool Resets(TreeTask task) => task.ClearRefs is not null && _left?.Contains(task.Pid) != false;

    /// <inheritdoc/>
    public void Reset(TreeTask task)
    {
        if (task.ClearRefs is { } clearRefs)
            SoftDirty.Reset(clearRefs);
    }

    /// <inheritdoc/>
    public string? WhyMissed(TreeTask task) => Works && Ksm.MayMerge(task.LiveTid)
        ? "has memory that KSM may merge (madvise(2), MADV_MERGEABLE), after which the kernel forgets that it was changed"
        : null;
}
