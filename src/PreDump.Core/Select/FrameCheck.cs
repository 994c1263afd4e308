using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Select;

/// <summary>Tells which of the pages that look clean still lie where the last round saw them, and so are that round's pages for
/// certain. mremap(2) may move whole page tables, and then the kernel marks nothing: another page stands at the address, and
/// looks as clean as the one before. If a page has no note, or lies elsewhere, only its bytes can tell. It takes one task after
/// the other, for one thread at a time.
///
/// The same frame is the same page, unless its first page was given up, the kernel has put another old page into its frame (from
/// swap, or by migration), and that one was moved here. So where pages were relocated at all, and a page table was moved away (or
/// just given up), its pages may be in those tables where no more pages lie in their noted frames than it had: these are not
/// certain. Nor is a page table that had dirty pages at another address in the freeze: these are clean since.</summary>
/// <param name="ledger">The last round's; null: nothing is certain.</param>
/// <param name="relocations">Counts them, as <see cref="Relocations.Count"/> does.</param>
public sealed class FrameCheck(FrameLedger? ledger, Func<ulong> relocations)
{
    private static readonly int s_atOnce = Math.Max(2048 / PageTable.Pages, 1) * PageTable.Pages; // pages

    private readonly ulong[] _now = new ulong[s_atOnce], _noted = new ulong[s_atOnce];
    private readonly VanishedTables _vanished = new();
    private ulong _relocations = relocations();
    private TaskFrames? _task;
    private ProcPagemap _pagemap = null!;
    private Func<IEnumerable<MemoryRange>> _dirty = () => [];
    private DirtyCursor? _cursor;
    private MemoryRange _seen;
    private readonly Dictionary<ulong, ulong> _dirtyTables = []; // a frame of each, and its address in the freeze
    private readonly bool[] _dirtyOffsets = new bool[PageTable.Pages]; // of these in their tables
    private bool _allTables; // _dirtyTables has all tables that were looked at
    private int _mostMoved; // pages of a page table that may be here instead of others, in frames of theirs

    /// <summary>Whether anything may be certain.</summary>
    public bool HasLedger => ledger is not null;

    /// <summary>Begins with a task.</summary>
    /// <param name="imagePid">The pid that names its images.</param>
    /// <param name="startTime">In clock ticks since boot.</param>
    /// <param name="pagemap">Its page tables.</param>
    /// <param name="dirty">The pages that the kernel has marked, ascending.</param>
    /// <param name="tables">Of each page table that had some in the freeze a page; none where the task has stood still
    /// since.</param>
    /// <param name="allTables">Whether <paramref name="tables"/> has a page of each page table that was looked at: one that is
    /// not certainly among them is not trusted.</param>
    public void Begin(int imagePid, ulong startTime, ProcPagemap pagemap, Func<IEnumerable<MemoryRange>> dirty,
        ReadOnlySpan<PlacedPage> tables = default, bool allTables = false)
    {
        NoteDirtyTables(tables);
        _allTables = allTables;
        (_task, _pagemap, _dirty, _seen) = (ledger?.OpenTask(imagePid, startTime), pagemap, dirty, default);
        _mostMoved = Moved();
        _cursor = _mostMoved > 0 ? new DirtyCursor(dirty()) : null;
        _task?.Rewind();
    }

    /// <summary>Ends the task. True where pages were relocated and moved meanwhile: then the answers may have been
    /// wrong.</summary>
    public bool End()
    {
        if (_task is null)
            return false;
        _relocations = relocations();
        _task.Rewind();
        return Moved() > _mostMoved;
    }

    /// <summary>Whether pages lie where they did: the answer for the first ones, as far as it goes.</summary>
    /// <param name="pages">The pages, above those asked for before.</param>
    /// <param name="same">The answer.</param>
    /// <returns>The number of bytes that it is for.</returns>
    public ulong Next(MemoryRange pages, out bool same)
    {
        if (_task is null)
        {
            same = false;
            return pages.Length;
        }
        if (pages.Start >= _seen.End || pages.Start < _seen.Start)
            Look(pages);
        int first = (int)PageSize.Pages(pages.Start - _seen.Start);
        int most = (int)PageSize.Pages(Math.Min(pages.End, _seen.End) - pages.Start);
        int count = CountSame(_now.AsSpan(first, most), _noted.AsSpan(first, most));
        same = count > 0;
        if (!same)
            for (count = 1; count < most && !IsSame(first + count);)
                count++;
        return PageSize.BytesOf((ulong)count);
    }

    /// <summary>The frames of pages of the last answer; none where the ledger does not have the task.</summary>
    public ReadOnlySpan<ulong> FramesOf(MemoryRange pages) => _task is null
        ? default
        : _now.AsSpan((int)PageSize.Pages(pages.Start - _seen.Start), (int)PageSize.Pages(pages.Length));

    private static int CountSame(ReadOnlySpan<ulong> now, ReadOnlySpan<ulong> noted)
    {
        int equal = now.CommonPrefixLength(noted), untold = now[..equal].IndexOfAny(PageFrames.None, PageFrames.Unknown);
        return untold < 0 ? equal : untold;
    }

    private bool IsSame(int page) => _now[page] == _noted[page] && PageFrames.IsKnown(_now[page]);

    private int Moved() => _task is null || _relocations == ledger!.Head.Relocations ? 0
        : _vanished.Fullest(_task, _pagemap, _dirty());

    // Whole page tables, so that short runs cost one look for many.
    private void Look(MemoryRange pages)
    {
        ulong start = PageTable.StartOf(pages.Start);
        ulong wanted = (pages.End - start + PageTable.Bytes - 1) / PageTable.Bytes;
        ulong tables = Math.Clamp(wanted, 1, (ulong)(s_atOnce / PageTable.Pages));
        int count = (int)tables * PageTable.Pages;
        _seen = new MemoryRange(start, tables * PageTable.Bytes);
        PageFrames.Read(_pagemap, start, _now.AsSpan(0, count));
        _task!.Read(start, _noted.AsSpan(0, count));
        for (int table = 0; table < count; table += PageTable.Pages)
        {
            if (_allTables ? !WasHere(table) : _dirtyTables.Count > 0 && WasElsewhere(table))
                Distrust(table);
            if (_mostMoved > 0)
                DistrustIfMoved(table);
        }
    }

    private void NoteDirtyTables(ReadOnlySpan<PlacedPage> tables)
    {
        _dirtyTables.Clear();
        Array.Clear(_dirtyOffsets);
        foreach (var (address, frame) in tables)
        {
            _dirtyTables[frame] = address;
            _dirtyOffsets[OffsetOf(address)] = true;
        }
    }

    private static int OffsetOf(ulong address) => (int)PageSize.Pages(address % PageTable.Bytes);

    private bool WasElsewhere(int first)
    {
        for (int page = 0; page < PageTable.Pages; page++)
        {
            if (_dirtyOffsets[page] && _dirtyTables.TryGetValue(_now[first + page], out ulong then)
                && OffsetOf(then) == page && then != _seen.Start + PageSize.BytesOf((ulong)(first + page)))
                return true;
        }
        return false;
    }

    private bool WasHere(int first)
    {
        for (int page = 0; page < PageTable.Pages; page++)
        {
            if (_dirtyOffsets[page] && _dirtyTables.TryGetValue(_now[first + page], out ulong then)
                && then == _seen.Start + PageSize.BytesOf((ulong)(first + page)))
                return true;
        }
        return false;
    }

    private void Distrust(int first) => _noted.AsSpan(first, PageTable.Pages).Fill(PageFrames.Unknown);

    private void DistrustIfMoved(int first)
    {
        int same = 0;
        for (int page = first; page < first + PageTable.Pages; page++)
        {
            if (IsSame(page) && !_cursor!.Contains(_seen.Start + PageSize.BytesOf((ulong)page)))
                same++;
        }
        if (same <= _mostMoved)
            Distrust(first);
    }
}
