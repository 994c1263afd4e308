using PreDump.Linux;

namespace PreDump.Core.Tracking;

/// <summary>How it is found out which pages have changed since the round before. A tracker serves one round.
/// <see cref="Read"/> and <see cref="Reset"/> are called in the freeze, on its thread, for each task in turn, in this order: nothing may
/// be allocated there that could have been made before. Everything else is called before the freeze or after the thaw.</summary>
public interface IDirtyTracker : IDisposable
{
    /// <summary>Whether a round, or a final criu dump, can be built on this one.</summary>
    bool Tracks { get; }

    /// <summary>Whether the next round needs to know where pages lay when they were copied, to see through moved page tables.</summary>
    bool NeedsFrames { get; }

    /// <summary>The files of a task that are needed in the freeze.</summary>
    /// <param name="hasParent">Whether there is a round before this one.</param>
    FreezeFiles Files(bool hasParent);

    /// <summary>What has changed in a task since its parent.</summary>
    /// <param name="task">Frozen, with its files open.</param>
    /// <param name="maps">Its maps, as the kernel wrote them.</param>
    /// <param name="withTables">Whether the page tables that hold changed pages are wanted, too.</param>
    TaskChanges? Read(TreeTask task, ReadOnlySpan<byte> maps, bool withTables);

    /// <summary>Whether <see cref="Reset"/> does something: from then on the parent alone does not know what has changed.</summary>
    bool Resets(TreeTask task);

    /// <summary>Begins anew: what is written from now on has changed for the next round.</summary>
    /// <param name="task">Frozen, with its files open.</param>
    void Reset(TreeTask task);

    /// <summary>What was read of all tasks.</summary>
    Changes Changes { get; }

    /// <summary>Why changes of a task may be missed, so that it is to be left out of the images; null: none is. Asked after the thaw.</summary>
    string? WhyMissed(TreeTask task);
}
