using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>Decides which of a task's pages must be compared, because they may differ from those that the last round read. Used
/// by one thread, for one task at a time, while the tree is stopped.</summary>
public interface IFrameSuspects
{
    /// <summary>Decides whether consecutive pages must be compared.</summary>
    /// <param name="pagemap">The task's current page tables.</param>
    /// <param name="pages">Pages that the images leave to the parent, after those of the previous call.</param>
    /// <param name="suspect">Whether they must be compared.</param>
    /// <returns>The number of bytes that the answer covers: at least one page, at most all.</returns>
    ulong Classify(ProcPagemap pagemap, MemoryRange pages, out bool suspect);
}

/// <summary>Treats every page as suspect, for a parent without a frame ledger.</summary>
public sealed class AllSuspects : IFrameSuspects
{
    /// <summary>The only instance, which has no state.</summary>
    public static AllSuspects Instance { get; } = new();

    /// <inheritdoc/>
    public ulong Classify(ProcPagemap pagemap, MemoryRange pages, out bool suspect)
    {
        suspect = true;
        return pages.Length;
    }
}
