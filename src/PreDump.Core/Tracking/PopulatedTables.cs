using PreDump.Core.Select;
using PreDump.Linux;

namespace PreDump.Core.Tracking;

/// <summary>Which page tables of a task have pages, seen before the freeze. Where /proc/PID/pagemap must be read entry by entry,
/// only these are read in the freeze: it must not take longer because much address space is reserved. What lies elsewhere came
/// later, and is dirty without being read.</summary>
public sealed class PopulatedTables
{
    private const ulong MostBytes = 1UL << 30; // in one part

    private readonly List<ulong> _pages = []; // the last page seen in each page table, ascending
    private int _next;

    /// <summary>Looks at a task, which may be running.</summary>
    /// <param name="pagemap">The task's page tables.</param>
    /// <param name="mapsText">The task's raw maps.</param>
    /// <param name="rules">The rules for the task's VMAs.</param>
    /// <param name="empty">VMAs that have no pages.</param>
    /// <param name="cancel">Ends the look.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static PopulatedTables Look(
        ProcPagemap pagemap, ReadOnlySpan<byte> mapsText, VmaRules rules, EmptyVmas empty, CancellationToken cancel)
    {
        var tables = new PopulatedTables();
        var maps = new MapsReader(mapsText);
        var window = new VmaWindow();
        Span<MemoryRange> found = stackalloc MemoryRange[256];
        while (window.TryFill(ref maps, rules, static (_, _) => { }))
        {
            ulong at = empty.Contains(window.Start, window.End) ? window.End : window.Start;
            while (at < window.End && window.Category != PageCategory.All)
            {
                cancel.ThrowIfCancellationRequested();
                int count = pagemap.Scan(ref at, window.End, PageCategory.Anonymous, window.IsAnonymous, found);
                foreach (var range in found[..count])
                    tables.Add(range);
            }
        }
        return tables;
    }

    /// <summary>The address of one page in each page table: the last one that was seen there.</summary>
    public IReadOnlyList<ulong> Pages => _pages;

    /// <summary>Begins anew with the lowest address.</summary>
    public void Rewind() => _next = 0;

    /// <summary>Finds the next part of [<paramref name="start"/>, <paramref name="end"/>) that lies in populated page tables;
    /// false if there is none. Asked in ascending order.</summary>
    public bool TryNext(ulong start, ulong end, out MemoryRange part)
    {
        while (_next < _pages.Count && PageTable.EndOf(_pages[_next]) <= start)
            _next++;
        part = default;
        if (_next == _pages.Count || PageTable.StartOf(_pages[_next]) >= end)
            return false;
        ulong first = Math.Max(PageTable.StartOf(_pages[_next]), start), last = PageTable.EndOf(_pages[_next]);
        for (int i = _next + 1; last < end && last - first < MostBytes && IsNext(i, last); i++)
            last = PageTable.EndOf(_pages[i]);
        part = new MemoryRange(first, Math.Min(last, end) - first);
        return true;
    }

    private bool IsNext(int table, ulong address) => table < _pages.Count && PageTable.StartOf(_pages[table]) == address;

    private void Add(MemoryRange range)
    {
        for (ulong at = range.Start; at < range.End; at = PageTable.EndOf(at))
        {
            ulong last = Math.Min(range.End, PageTable.EndOf(at)) - PageSize.Step;
            if (_pages.Count > 0 && PageTable.StartOf(_pages[^1]) == PageTable.StartOf(last))
                _pages[^1] = last;
            else
                _pages.Add(last);
        }
    }
}
