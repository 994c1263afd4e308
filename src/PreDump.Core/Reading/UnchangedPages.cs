using System.Diagnostics;
using System.Runtime.InteropServices;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Reading;

/// <summary>Finds those pages of a batch that were dirty in the freeze, or looked clean and are suspect (FrameCheck), and yet
/// hold the bytes that the parent's chain has, and leaves them to the parent. Dirty tracking was reset before they were read:
/// what is written to them later, the next round sees.</summary>
/// <param name="maxBytes">Bytes of a full batch.</param>
public sealed class UnchangedPages(int maxBytes)
{
    // Of a batch: a sixteenth at a time costs a quarter more, and each thread has such a buffer.
    private const int ShareAtOnce = 4;

    private readonly int _mostAtOnce = Math.Max(maxBytes / ShareAtOnce / PageSize.Bytes, 1) * PageSize.Bytes;
    private readonly List<(MemoryRange Pages, PageSource Source, bool Suspect)> _planned = [];
    private readonly List<PageRun> _runs = [];
    private byte[] _parentBytes = [];
    private ParentPages _parent = null!;
    private int _next; // of the planned ones
    private int _seen, _kept; // bytes
    private ulong _compared, _same, _suspects, _suspectsSame; // bytes

    /// <summary>How many dirty pages were found to be unchanged.</summary>
    public ulong Count => PageSize.Pages(_same);

    /// <summary>How many suspects were compared and hold other bytes than the parent.</summary>
    public ulong Moved => PageSize.Pages(_suspects - _suspectsSame);

    /// <summary>How long comparing took.</summary>
    public TimeSpan Time { get; private set; }

    /// <summary>Notes where the parent has pages that will be read. In ascending order.</summary>
    public void Plan(ParentPages parent, MemoryRange pages, bool suspect = false)
    {
        _parent = parent;
        while (pages.Length > 0)
        {
            ulong bytes = parent.Locate(pages, suspect, out var source);
            if (source.Round is not null)
                _planned.Add((pages with { Length = bytes }, source, suspect));
            pages = pages.Skip(bytes);
        }
    }

    /// <summary>Plans and compares pages that were read already, as one step: see <see cref="TakeOut"/>.</summary>
    /// <param name="parent">The parent's pages; null: none, and all pages are left as they are.</param>
    /// <param name="range">The pages, above those before.</param>
    /// <param name="runs">Receives the runs.</param>
    /// <param name="pages">Their bytes; changed.</param>
    /// <returns>The bytes that are left.</returns>
    public Span<byte> Separate(ParentPages? parent, MemoryRange range, List<PageRun> runs, Span<byte> pages)
    {
        Clear();
        runs.Clear();
        runs.Add(new PageRun(range, InParent: false));
        if (parent is null)
            return pages;
        Plan(parent, range);
        return pages[..TakeOut(runs, pages)];
    }

    /// <summary>Forgets what was planned and found.</summary>
    public void Clear()
    {
        _planned.Clear();
        (_compared, _same, _suspects, _suspectsSame, Time) = (0, 0, 0, 0, default);
    }

    /// <summary>Compares what was read: the runs of pages that are the same become the parent's, and their bytes are taken
    /// out.</summary>
    /// <param name="runs">What was read, ascending.</param>
    /// <param name="pages">Its bytes; those that are left stand at the beginning.</param>
    /// <returns>How many bytes are left.</returns>
    public int TakeOut(List<PageRun> runs, Span<byte> pages)
    {
        if (_planned.Count == 0)
            return pages.Length;
        long begun = Stopwatch.GetTimestamp();
        (_next, _seen, _kept) = (0, 0, 0);
        foreach (var run in CollectionsMarshal.AsSpan(runs))
        {
            var rest = run.Range;
            while (rest.Length > 0)
                rest = rest.Skip(Judge(rest, pages));
        }
        runs.Clear();
        runs.AddRange(_runs);
        _runs.Clear();
        _parent.Note(_compared, _same);
        Time = Stopwatch.GetElapsedTime(begun);
        return _kept;
    }

    // The first part of what is left of a run: up to the next planned pages, or some of these. Returns its bytes.
    private ulong Judge(MemoryRange rest, Span<byte> pages)
    {
        while (_next < _planned.Count && _planned[_next].Pages.End <= rest.Start)
            _next++;
        ulong plannedStart = _next < _planned.Count ? Math.Max(_planned[_next].Pages.Start, rest.Start) : rest.End;
        if (plannedStart > rest.Start)
        {
            var unplanned = rest with { Length = Math.Min(plannedStart, rest.End) - rest.Start };
            Settle(unplanned, same: false, pages);
            return unplanned.Length;
        }
        var (planned, source, suspect) = _planned[_next];
        var part = rest with { Length = Math.Min(Math.Min(rest.End, planned.End) - rest.Start, (ulong)_mostAtOnce) };
        Compare(part, source with { Offset = source.Offset + (rest.Start - planned.Start) }, suspect, pages);
        return part.Length;
    }

    private void Compare(MemoryRange part, PageSource source, bool suspect, Span<byte> pages)
    {
        if (_parentBytes.Length == 0)
            _parentBytes = new byte[_mostAtOnce]; // (a first round needs none)
        var theirs = _parentBytes.AsSpan(0, (int)part.Length);
        if (!_parent.TryRead(source, theirs))
        {
            Settle(part, same: false, pages);
            return;
        }
        ulong same = SettleAll(part, theirs, pages);
        if (suspect)
            (_suspects, _suspectsSame) = (_suspects + part.Length, _suspectsSame + same);
        else
            (_compared, _same) = (_compared + part.Length, _same + same);
    }

    // Returns how many bytes are the same.
    private ulong SettleAll(MemoryRange part, ReadOnlySpan<byte> theirs, Span<byte> pages)
    {
        if (pages.Slice(_seen, theirs.Length).SequenceEqual(theirs)) // mostly nothing has changed: one call, and one run
        {
            Settle(part, same: true, pages);
            return part.Length;
        }
        ulong same = 0;
        for (int at = 0; at < theirs.Length; at += PageSize.Bytes)
        {
            bool isSame = pages.Slice(_seen, PageSize.Bytes).SequenceEqual(theirs.Slice(at, PageSize.Bytes));
            same += isSame ? PageSize.Step : 0;
            Settle(new MemoryRange(part.Start + (ulong)at, PageSize.Step), isSame, pages);
        }
        return same;
    }

    // The next pages: they are the parent's, or their bytes move up to those before.
    private void Settle(MemoryRange range, bool same, Span<byte> pages)
    {
        int bytes = (int)range.Length;
        if (!same)
        {
            if (_kept < _seen)
                pages.Slice(_seen, bytes).CopyTo(pages[_kept..]);
            _kept += bytes;
        }
        _seen += bytes;
        RunMerger.Add(_runs, new PageRun(range, same));
    }
}
