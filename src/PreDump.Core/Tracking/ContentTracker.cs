using PreDump.Linux;

namespace PreDump.Core.Tracking;

/// <summary>Asks nothing of the kernel: every page is read, and those that the parent's chain has with the same bytes are left to
/// it. Nothing is reset, so a round that fails costs no chain, several chains of one tree can exist side by side, and no write
/// can be missed, however the kernel moves or merges pages.</summary>
public sealed class ContentTracker : IDirtyTracker
{
    /// <inheritdoc/>
    public bool Works => true;

    /// <inheritdoc/>
    public bool ComparesAll => true;

    /// <summary>True: no page is ever reported as unchanged.</summary>
    public bool IsTrusted => true;

    /// <inheritdoc/>
    public int? ResetRunning(TreeRoot root, TimeSpan timeout, CancellationToken cancel) => null;

    /// <inheritdoc/>
    public FreezeFiles Files(bool hasParent) => FreezeFiles.None;

    /// <inheritdoc/>
    public void Prepare(TreeRoot root, CancellationToken cancel)
    {
        // Nothing is read in the freeze but the maps.
    }

    /// <inheritdoc/>
    public TaskChanges? Read(TreeTask task, ReadOnlySpan<byte> maps, Changes into, bool withTables, FreezeLimit limit) => null;

    /// <inheritdoc/>
    public bool Resets(TreeTask task) => false;

    /// <inheritdoc/>
    public void Reset(TreeTask task)
    {
        // There is nothing to reset.
    }

    /// <inheritdoc/>
    public string? WhyMissed(TreeTask task) => null;
}
