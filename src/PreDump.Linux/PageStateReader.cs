namespace PreDump.Linux;

/// <summary>Where a page is, as far as reading it matters to the task.</summary>
public enum PageState
{
    /// <summary>In memory, and no other process maps it.</summary>
    Own,

    /// <summary>In memory, shared with another process since a fork. process_vm_readv(2) pins pages, and before a page is pinned
    /// the kernel (since 5.19) makes a copy of a shared one for the task: to read a tree of forked servers so would multiply its
    /// memory.</summary>
    Shared,

    /// <summary>In swap: reading brings it into memory, which a cgroup with a limit may not have.</summary>
    Swapped,
}

/// <summary>Tells where pages are from /proc/PID/pagemap (admin-guide/mm/pagemap.rst): bit 56, mapped exclusively, and 62,
/// swapped.</summary>
public sealed class PageStateReader
{
    private const ulong Exclusive = 1UL << 56, InSwap = 1UL << 62;

    private readonly ulong[] _entries = new ulong[2048];
    private ulong _start, _end;

    /// <summary>Forgets the answers so far: the task has run.</summary>
    public void Forget() => _end = 0;

    /// <summary>Where the first page of a range is.</summary>
    /// <param name="pagemap">The task's.</param>
    /// <param name="range">The pages, above those asked for before.</param>
    /// <param name="end">Where the last range ends that will be asked for.</param>
    /// <param name="bytes">The number of bytes that the answer is for.</param>
    public PageState Ask(ProcPagemap pagemap, MemoryRange range, ulong end, out ulong bytes)
    {
        ulong page = PageSize.Ulong;
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

    /// <summary>The raw entries of pages for which the last answer is; none where the memory has gone.</summary>
    public ReadOnlySpan<ulong> EntriesOf(MemoryRange pages) => pages.Start >= _start && pages.End <= _end
        ? _entries.AsSpan((int)PageSize.Pages(pages.Start - _start), (int)PageSize.Pages(pages.Length))
        : default;

    private static PageState Of(ulong entry) => (entry & InSwap) != 0 ? PageState.Swapped
        : (entry & Exclusive) != 0 ? PageState.Own
        : PageState.Shared;
}
