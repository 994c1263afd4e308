using PreDump.Core.Select;
using PreDump.Linux;

namespace PreDump.Core.Tracking;

/// <summary>The kernel's soft-dirty marks (<see cref="SoftDirty"/>). They miss what mremap(2) moves by whole page tables, so that they
/// are not trusted alone unless the user says so; and what KSM merges.</summary>
/// <param name="isTrusted">Whether the user says so.</param>
public sealed class SoftDirtyTracker(bool isTrusted) : IDirtyTracker
{
    private readonly VmaWindow _window = new();
    private readonly VmaRules _rules = new();

    /// <inheritdoc/>
    public bool Works { get; } = SoftDirty.IsSupported();

    /// <inheritdoc/>
    public bool IsTrusted => isTrusted;

    /// <inheritdoc/>
    public FreezeFiles Files(bool hasParent) =>
        (Works ? FreezeFiles.ClearRefs : FreezeFiles.None) | (hasParent ? FreezeFiles.Pagemap : FreezeFiles.None);

    /// <inheritdoc/>
    public TaskChanges? Read(TreeTask task, ReadOnlySpan<byte> maps, Changes into, bool withTables)
    {
        if (task.Pagemap is not { } pagemap)
            return null;
        _rules.Begin(task.LiveTid);
        var pages = into.Pages.Read(pagemap, maps, _rules, _window);
        return new TaskChanges(pages, withTables ? into.Tables.Read(pagemap, into.Pages[pages]) : default);
    }

    /// <inheritdoc/>
    public bool Resets(TreeTask task) => task.ClearRefs is not null;

    /// <inheritdoc/>
    public void Reset(TreeTask task)
    {
        if (task.ClearRefs is { } clearRefs)
            SoftDirty.Reset(clearRefs);
    }

    /// <inheritdoc/>
    public string? WhyMissed(TreeTask task) => Works && Ksm.MayMerge(task.LiveTid)
        ? "has memory that KSM may merge (madvise(2), MADV_MERGEABLE), and the kernel then forgets that it was changed"
        : null;
}
