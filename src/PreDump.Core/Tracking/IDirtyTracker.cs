using PreDump.Linux;

namespace PreDump.Core.Tracking;

/// <summary>How it is found out which pages have changed since the round before. A tracker serves one round. <see cref="Read"/>,
/// <see cref="Resets"/> and <see cref="Reset"/> are called in the freeze, on its thread, for one task after the other and in this order:
/// they allocate nothing. Everything else is called before the freeze or after the thaw.</summary>
public interface IDirtyTracker
{
    /// <summary>Whether it works here. Where it does not there are only full copies, on which nothing can be built.</summary>
    bool Works { get; }

    /// <summary>Whether a page that it calls unchanged is believed to be the parent's, without a look at where it lies.</summary>
    bool IsTrusted { get; }

    /// <summary>The files of a task that are needed in the freeze.</summary>
    /// <param name="hasParent">Whether there is a round before this one.</param>
    FreezeFiles Files(bool hasParent);

    /// <summary>Reads what has changed in a task since the round before; null where the task has gone.</summary>
    /// <param name="task">Frozen, with its files open.</param>
    /// <param name="maps">Its maps, as the kernel wrote them.</param>
    /// <param name="into">Takes what is read.</param>
    /// <param name="withTables">Whether the page tables with changed pages are wanted, too.</param>
    TaskChanges? Read(TreeTask task, ReadOnlySpan<byte> maps, Changes into, bool withTables);

    /// <summary>Whether <see cref="Reset"/> does something: from then on the parent alone can't tell what has changed.</summary>
    bool Resets(TreeTask task);

    /// <summary>Starts anew: what is written from now on has changed for the next round.</summary>
    /// <param name="task">Frozen, with its files open.</param>
    void Reset(TreeTask task);

    /// <summary>Why changes of a task may be missed, so that it can't be in the images; null: none is missed.</summary>
    string? WhyMissed(TreeTask task);
}
