using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Select;

/// <summary>Where a moved page may have come from. A page that was moved unmarked was moved with its whole page table, so where
/// that was nothing is left of what the last round noted.</summary>
public sealed class VanishedTables
{
    private readonly ulong[] _now = new ulong[PageTable.Pages], _noted = new ulong[PageTable.Pages];

    /// <summary>Of the page tables in which no clean page is where it was, the fullest: how many pages the last round noted in
    /// it. 0 where there is none: then no page table was moved away.</summary>
    /// <param name="task">What was noted, from the beginning.</param>
    /// <param name="pagemap">The task's page tables now.</param>
    /// <param name="dirty">The pages that the kernel has marked since, ascending.</param>
    public int Fullest(TaskFrames task, ProcPagemap pagemap, IEnumerable<MemoryRange> dirty)
    {
        int fullest = 0;
        var cursor = new DirtyCursor(dirty);
        for (ulong? next = task.NextNoted(0); next is { } address; next = task.NextNoted(PageTable.EndOf(address)))
        {
            int count = PageTable.Pages - (int)PageSize.Pages(address % PageTable.Bytes);
            task.Read(address, _noted.AsSpan(0, count));
            PageFrames.Read(pagemap, address, _now.AsSpan(0, count));
            if (HasVanished(address, count, cursor, out int noted))
                fullest = Math.Max(fullest, noted);
        }
        return fullest;
    }

    private bool HasVanished(ulong address, int count, DirtyCursor dirty, out int noted)
    {
        int gone = 0, left = 0;
        noted = 0;
        for (int i = 0; i < count; i++)
        {
            if (_noted[i] == PageFrames.None)
                continue;
            noted++;
            if (_noted[i] != _now[i] || !PageFrames.IsKnown(_now[i]))
                gone++;
            else if (!dirty.Contains(address + PageSize.BytesOf((ulong)i)))
                left++;
        }
        return gone > 0 && left == 0;
    }
}
