namespace PreDump.Linux;

/// <summary>Where a page is, as far as reading it affects the task.</summary>
public enum PageState
{
    /// <summary>In memory, and no other process maps it.</summary>
    Own,

    /// <summary>In memory, shared with another process since a fork. process_vm_readv(2) pins pages, and since Linux 5.19 the
    /// kernel copies a shared page before it pins it: reading a tree of forked servers that way would multiply its
    /// memory.</summary>
    Shared,

    /// <summary>In swap: reading it brings it into memory, which may exceed a cgroup's limit.</summary>
    Swapped,
}

/// <summary>Reads the state of pages from /proc/PID/pagemap, many entries at a time. Not thread-safe.</summary>
public sealed class PageStateReader
{
    private readonly ulong[] _entries = new ulong[2048];
    private ulong _start, _end; // the addresses that the entries cover

    /// <summary>Discards the entries read so far, because the task has run since.</summary>
    public void Forget() => _end = 0;

    /// <summary>Returns the state of the first page of a range, and how many bytes of the range share it.</summary>
    /// <param name="pagemap">The task's pagemap.</param>
    /// <param name="range">The pages; ranges must be asked for in ascending order.</param>
    /// <param name="end">The end of the last range that will be asked for.</param>
    /// <param name="bytes">The length of the run of pages with this state, at the range's start.</param>
    public PageState Ask(ProcPagemap pagemap, MemoryRange range, ulong end, out ulong bytes)
    {
        ulong page = PageSize.Step;
        if (range.Start >= _end)
        {
            var entries = _entries.AsSpan(0, (int)Math.Min((ulong)_entries.Length, PageSize.Pages(end - range.Start)));
            int got = pagemap.ReadEntries(entries, range.Start);
            _start = range.Start;
            _end = _start + ((ulong)got * page);
            if (got == 0) // the memory has gone
            {
                bytes = range.Length;
                return PageState.Shared;
            }
        }
        int first = (int)((range.Start - _start) / page), last = (int)((Math.Min(range.End, _end) - _start) / page);
        var answer = Of(_entries[first]);
        int next = first + 1;
        while (next < last && Of(_entries[next]) == answer)
            next++;
        bytes = (ulong)(next - first) * page;
        return answer;
    }

    /// <summary>The raw entries of pages that the last answer covers; empty if the memory has gone.</summary>
    public ReadOnlySpan<ulong> EntriesOf(MemoryRange pages) => pages.Start >= _start && pages.End <= _end
        ? _entries.AsSpan((int)PageSize.Pages(pages.Start - _start), (int)PageSize.Pages(pages.Length))
        : default;

    private static PageState Of(ulong entry) => (entry & PagemapBits.Swapped) != 0 ? PageState.Swapped
        : (entry & PagemapBits.Exclusive) != 0 ? PageState.Own
        : PageState.Shared;
}
