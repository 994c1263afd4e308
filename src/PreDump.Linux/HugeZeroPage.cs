namespace PreDump.Linux;

/// <summary>The huge zero page, which stands for memory that was only read. No count of a task's memory includes it, but
/// /proc/PID/pagemap shows it, and CRIU dumps it.</summary>
public static class HugeZeroPage
{
    /// <summary>Whether a range of otherwise empty memory has it.</summary>
    public static bool IsIn(ProcPagemap pagemap, ulong start, ulong end)
    {
        if (!WasEverUsed())
            return false;
        Span<ulong> entry = stackalloc ulong[1];
        for (ulong next = PageTable.EndOf(start + PageTable.Bytes - 1); next <= end; next += PageTable.Bytes)
        {
            // the last entry: the kernel reads from there to the end of the page table
            if (pagemap.ReadEntries(entry, next - PageSize.Step) == 1 && (entry[0] & PagemapBits.Present) != 0)
                return true;
        }
        return false;
    }

    // Since the machine booted. A kernel without transparent huge pages has no such line.
    private static bool WasEverUsed() => ProcFs.TryReadText("/proc/vmstat") is not { } counters
        || (counters.Contains("\nthp_zero_page_alloc ", StringComparison.Ordinal)
            && !counters.Contains("\nthp_zero_page_alloc 0\n", StringComparison.Ordinal));
}
