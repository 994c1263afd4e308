using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>Tells which of a task's pages have to be compared: those that may be others than the last round read. One task after the
/// other.</summary>
public interface IFrameSuspects
{
    /// <summary>Whether pages are to be compared. The tree stands still.</summary>
    /// <param name="pagemap">The task's page tables as they are now.</param>
    /// <param name="pages">Whole pages, behind those asked about before; all of them left to the parent by the images.</param>
    /// <param name="suspect">The answer.</param>
    /// <returns>How many bytes the answer is for: whole pages, at least one, at most all.</returns>
    ulong Ask(ProcPagemap pagemap, MemoryRange pages, out bool suspect);
}

/// <summary>For a parent that noted nothing: every page is suspect.</summary>
public sealed class AllSuspects : IFrameSuspects
{
    /// <summary>It knows nothing of any task, so one is enough.</summary>
    public static AllSuspects Instance { get; } = new();

    /// <inheritdoc/>
    public ulong Ask(ProcPagemap pagemap, MemoryRange pages, out bool suspect)
    {
        suspect = true;
        return pages.Length;
    }
}
