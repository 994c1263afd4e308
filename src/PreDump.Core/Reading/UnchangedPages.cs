using System.Diagnostics;
using System.Runtime.InteropServices;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Reading;

/// <summary>Finds those pages of a batch that were dirty in the freeze, or looked clean and are suspect (FrameCheck), and
/// yet hold the bytes that the parent's chain has, and leaves them to the parent. Dirty tracking was reset before they were read: what is written to them later, the next round sees.</summary>
/// <param name="maxBytes">Bytes of a full batch.</param>
public sealed class UnchangedPages(int maxBytes)
{
    private const int ShareAtOnce = 16; // of a batch: half the bytes at a time cost a tenth more, and many threads must not make us large

    private readonly int _mostAtOnce = Math.Max(maxBytes / ShareAtOnce / PageSize.Bytes, 1) * PageSize.Bytes;
    private readonly List<(MemoryRange Pages, PageSource Place, bool Suspect)> _pieces = [];
    private readonly List<PageRun> _runs = [];
    private byte[] _theirs = [];
    private ParentPages _parent = null!;
    private int _seen, _kept; // bytes
    private ulong _compared, _same, _suspects, _suspectsSame; // bytes

    /// <summary>How many dirty ones were found.</summary>
    public ulong Count => PageSize.Pages(_same);

    /// <summary>How many suspects were compared and hold other bytes than the parent.</summary>
    public ulong Moved => PageSize.Pages(_suspects - _suspectsSame);

    /// <summary>How long it took.</summary>
    public TimeSpan Time { get; private set; }

    /// <summary>Notes where the parent has pages that will be read. In ascending order.</summary>
    public void Plan(ParentPages parent, MemoryRange pages, bool suspect = false)
    {
        _parent = parent;
        while (pages.Length > 0)
        {
            ulong bytes = parent.Locate(pages, suspect, out var place);
            if (place.Round is not null)
                _pieces.Add((pages with { Length = bytes }, place, suspect));
            pages = pages.Skip(bytes);
        }
    }

    /// <summary>Forgets the batch.</summary>
    public void Clear()
    {
        _pieces.Clear();
        (_compared, _same, _suspects, _suspectsSame, Time) = (0, 0, 0, 0, default);
    }

    /// <summary>Compares what was read: the runs of pages that are the same become the parent's, and their bytes are taken out.</summary>
    /// <param name="runs">What was read, ascending.</param>
    /// <param name="pages">Its bytes; those that are left stand at the beginning.</param>
    /// <returns>How many bytes are left.</returns>
    public int TakeOut(List<PageRun> runs, Span<byte> pages)
    {
        if (_pieces.Count == 0)
            return pages.Length;
        long begun = Stopwatch.GetTimestamp();
        (_seen, _kept) = (0, 0);
        int next = 0;
        foreach (var run in CollectionsMarshal.AsSpan(runs))
            for (var rest = run.Range; rest.Length > 0;)
            {
                while (next < _pieces.Count && _pieces[next].Pages.End <= rest.Start)
                    next++;
                var (piece, place, suspect) = next < _pieces.Count ? _pieces[next] : (new MemoryRange(rest.End, 0), default, false);
                var part = rest with { Length = Math.Min(rest.End, Math.Max(piece.Start, rest.Start)) - rest.Start }; // before the piece
                if (part.Length > 0)
                    Take(part, same: false, pages);
                else
                {
                    part = rest with { Length = Math.Min(Math.Min(rest.End, piece.End) - rest.Start, (ulong)_mostAtOnce) };
                    Compare(part, place with { Offset = place.Offset + (rest.Start - piece.Start) }, suspect, pages);
                }
                rest = rest.Skip(part.Length);
            }
        runs.Clear();
        runs.AddRange(_runs);
        _runs.Clear();
        _parent.Note(_compared, _same);
        Time = Stopwatch.GetElapsedTime(begun);
        return _kept;
    }

    private void Compare(MemoryRange part, PageSource place, bool suspect, Span<byte> pages)
    {
        if (_theirs.Length == 0)
            _theirs = new byte[_mostAtOnce]; // (a first round needs none)
        var theirs = _theirs.AsSpan(0, (int)part.Length);
        if (!_parent.TryRead(place, theirs))
        {
            Take(part, same: false, pages);
            return;
        }
        ulong same = 0;
        for (int at = 0; at < theirs.Length; at += PageSize.Bytes)
        {
            bool isSame = pages.Slice(_seen, PageSize.Bytes).SequenceEqual(theirs.Slice(at, PageSize.Bytes));
            same += isSame ? PageSize.Ulong : 0;
            Take(new MemoryRange(part.Start + (ulong)at, PageSize.Ulong), isSame, pages);
        }
        if (suspect)
            (_suspects, _suspectsSame) = (_suspects + part.Length, _suspectsSame + same);
        else
            (_compared, _same) = (_compared + part.Length, _same + same);
    }

    // The next pages: they are the parent's, or their bytes move up to those before.
    private void Take(MemoryRange range, bool same, Span<byte> pages)
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
