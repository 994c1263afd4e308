using PreDump.Linux;

namespace PreDump.Core.Tracking;

/// <summary>Finds the pages that have changed since the previous round. A tracker serves one round. In the freeze, on its thread,
/// these members are called and must not allocate: <see cref="Read"/> for each task that the parent has, and only then, for each
/// task, <see cref="Resets"/> and <see cref="Reset"/>. The other members are called before the freeze or after the
/// thaw.</summary>
public interface IDirtyTracker
{
    /// <summary>Whether the tracker works on this kernel. If not, only full copies are possible, which can't be
    /// parents.</summary>
    bool Works { get; }

    /// <summary>Whether nothing is known of what has changed, so that all pages are read and compared with the
    /// parent's.</summary>
    bool ComparesAll { get; }

    /// <summary>Whether a page reported as unchanged is trusted to be the parent's, without checking its frame.</summary>
    bool IsTrusted { get; }

    /// <summary>Resets the tracking while the tree runs, before the freeze of a round that copies everything.
    /// <see cref="Reset"/> then serves only the tasks that are left.</summary>
    /// <param name="root">The tree's root.</param>
    /// <param name="timeout">For how long it is tried.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <returns>The number of tasks that are left to the freeze; null if nothing is tracked.</returns>
    /// <exception cref="TreeException">A task could not be reset in time.</exception>
    /// <exception cref="LinuxException">A system call failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    int? ResetRunning(TreeRoot root, TimeSpan timeout, CancellationToken cancel);

    /// <summary>The files of each task that the tracker needs in the freeze.</summary>
    /// <param name="hasParent">Whether the round has a parent.</param>
    FreezeFiles Files(bool hasParent);

    /// <summary>Prepares for <see cref="Read"/> while the tree is running; may take long.</summary>
    /// <param name="root">The tree's root.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    void Prepare(TreeRoot root, CancellationToken cancel);

    /// <summary>Reads the changes of a task since the previous round; null if all of it may have changed, or if it has
    /// gone.</summary>
    /// <param name="task">The frozen task, with its files open.</param>
    /// <param name="maps">The task's raw maps.</param>
    /// <param name="into">Receives the changes.</param>
    /// <param name="withTables">Whether to read the page tables with changed pages, too.</param>
    /// <param name="limit">Ends it early.</param>
    TaskChanges? Read(TreeTask task, ReadOnlySpan<byte> maps, Changes into, bool withTables, FreezeLimit limit);

    /// <summary>Whether <see cref="Reset"/> will have an effect, after which changes relative to the parent are lost.</summary>
    bool Resets(TreeTask task);

    /// <summary>Resets the tracking: every later write is a change in the next round.</summary>
    /// <param name="task">The frozen task, with its files open.</param>
    void Reset(TreeTask task);

    /// <summary>Why changes of a task may be missed, as the end of a sentence about it; such a task must not be in the images.
    /// Null if none are missed.</summary>
    string? WhyMissed(TreeTask task);
}
