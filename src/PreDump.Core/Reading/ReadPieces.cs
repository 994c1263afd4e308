using PreDump.Linux;

namespace PreDump.Core.Reading;

/// <summary>The wanted runs of a batch, cut into pieces of pages that are read in one way; with how far reading has come, and
/// where each page lay before it was read.</summary>
/// <param name="maxBytes">Bytes of a full batch, whole pages.</param>
/// <param name="notesFrames">Whether it is noted where the pages lie.</param>
public sealed class ReadPieces(int maxBytes, bool notesFrames)
{
    private static readonly ulong s_fromSwapAtOnce = PageSize.RoundUp(64 * 1024); // bytes

    private readonly MemoryRange[] _pieces = new MemoryRange[WantedRuns.Most];
    private readonly PageState[] _states = new PageState[WantedRuns.Most];
    private readonly PageStateReader _stateReader = new();
    private readonly ulong[] _frames = new ulong[notesFrames ? maxBytes / PageSize.Bytes : 0]; // of the wanted pages, in order
    private readonly int[] _firstFrames = new int[notesFrames ? WantedRuns.Most : 0]; // of each piece
    private int _count;
    private int _at, _skip; // what comes next: piece _at, from its byte _skip on

    /// <summary>Whether all pieces are done with.</summary>
    public bool IsAtEnd => _at == _count;

    /// <summary>What is left of the current piece.</summary>
    public MemoryRange Rest => _pieces[_at].Skip((ulong)_skip);

    /// <summary>Where the current piece's pages are.</summary>
    public PageState State => _states[_at];

    /// <summary>Where the first pages of <see cref="Rest"/> lay.</summary>
    public Span<ulong> FramesOfRest(int pages) => _frames.AsSpan(_firstFrames[_at] + (_skip / PageSize.Bytes), pages);

    /// <summary>The ranges that one call can read next: the current piece and those that follow it, or the rest of a piece of
    /// which some is done.</summary>
    /// <param name="rest">Holds that rest.</param>
    public ReadOnlySpan<MemoryRange> Together(ref MemoryRange rest)
    {
        rest = Rest;
        if (_skip > 0)
            return new ReadOnlySpan<MemoryRange>(in rest);
        int end = _at + 1;
        while (end < _count && _states[end] == PageState.Own)
            end++;
        return _pieces.AsSpan(_at, end - _at);
    }

    /// <summary>Steps over bytes of the current piece.</summary>
    public void Skip(int bytes)
    {
        _skip += bytes;
        if ((ulong)_skip == _pieces[_at].Length)
            (_at, _skip) = (_at + 1, 0);
    }

    /// <summary>Cuts the runs by where their pages are now, and begins with the first piece.</summary>
    public void Begin(WantedRuns wanted, ProcPagemap pagemap)
    {
        (_count, _at, _skip) = (0, 0, 0);
        _stateReader.Forget();
        int framesSeen = 0;
        foreach (var run in wanted.Runs)
        {
            bool byForce = wanted.UnderUserfaultfd || wanted.CategoryOf(run) != PageCategory.Anonymous;
            var rest = run;
            while (rest.Length > 0)
            {
                var (state, bytes) = StateOf(rest, byForce, pagemap, wanted.Runs[^1].End);
                _states[_count] = state;
                _pieces[_count] = rest with { Length = bytes };
                if (notesFrames)
                    framesSeen = NoteFrames(framesSeen);
                _count++;
                rest = rest.Skip(bytes);
            }
        }
    }

    private (PageState State, ulong Bytes) StateOf(MemoryRange rest, bool byForce, ProcPagemap pagemap, ulong end)
    {
        if (byForce && !notesFrames)
            return (PageState.Shared, rest.Length);
        var state = _stateReader.Ask(pagemap, rest, end, out ulong bytes);
        if (byForce)
            return (PageState.Shared, bytes);
        return (state, state == PageState.Swapped ? Math.Min(bytes, s_fromSwapAtOnce) : bytes);
    }

    private int NoteFrames(int seen)
    {
        var piece = _pieces[_count];
        _firstFrames[_count] = seen;
        var frames = _frames.AsSpan(seen, (int)PageSize.Pages(piece.Length));
        var entries = _stateReader.EntriesOf(piece);
        if (entries.IsEmpty)
            frames.Fill(PageFrames.Unknown);
        else
            PageFrames.Of(entries, frames);
        return seen + frames.Length;
    }
}
