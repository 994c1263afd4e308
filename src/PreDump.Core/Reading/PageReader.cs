using System.Diagnostics;
using PreDump.Linux;

namespace PreDump.Core.Reading;

/// <summary>Reads the pages that a batch wants, each in the way that spares its task. The task is running, so a page may vanish between
/// the scan and the read.</summary>
/// <param name="maxBytes">Bytes of a full batch, whole pages.</param>
/// <param name="notesFrames">Note where each page lay before it was read.</param>
public sealed class PageReader(int maxBytes, bool notesFrames = false) : IDisposable
{
    private const int FromSwapAtOnce = 16; // pages
    private const long Idle = 0, GivenUp = -1;

    private static readonly object s_fromSwap = new();
    private static readonly TimeSpan s_swapTurn = TimeSpan.FromSeconds(1);

    private readonly NativeBuffer _pages = new((ulong)maxBytes);
    private readonly MemoryRange[] _pieces = new MemoryRange[PageBatch.MaxRuns];
    private readonly PageState[] _states = new PageState[PageBatch.MaxRuns];
    private readonly PageStateReader _stateReader = new();
    private readonly ulong[] _frames = new ulong[notesFrames ? maxBytes / PageSize.Bytes : 0]; // of the wanted pages, in their order
    private readonly int[] _firstFrames = new int[notesFrames ? PageBatch.MaxRuns : 0]; // of each piece
    private PageBatch _batch = null!;
    private RemoteMemory _memory = null!;
    private ProcPagemap _pagemap = null!;
    private int _pieceCount;
    private int _at, _skip; // what comes next: piece _at, from its byte _skip on
    private int _bytes; // read so far
    private Relocations _relocations = notesFrames ? Relocations.Now() : default; // before the batch
    private long _readingSince;

    /// <summary>The runs that could be read, ascending.</summary>
    public List<PageRun> Runs { get; } = new(2 * PageBatch.MaxRuns);

    /// <summary>Their bytes, one behind the other.</summary>
    public Span<byte> Pages => _pages.Span[.._bytes];

    /// <summary>Where the pages lay that could be read.</summary>
    public FrameNotes Notes { get; } = new(notesFrames ? maxBytes / PageSize.Bytes : 0);

    /// <summary>What could not be read.</summary>
    public Losses Losses { get; } = new();

    /// <summary>Forgets what was read.</summary>
    public void Clear()
    {
        _bytes = 0;
        (Losses.Vanished, Losses.Unreadable) = (0, 0);
        Runs.Clear();
        Notes.Clear();
    }

    /// <summary>Of the bytes only the first ones are still wanted.</summary>
    public void Keep(int bytes) => _bytes = bytes;

    /// <summary>Reads pages that the task has for itself in memory by process_vm_readv(2), the others in the way that spares it, through
    /// /proc/PID/mem (see <see cref="PageState"/>). Where a read stops short the page tables are asked again: what has
    /// vanished is left out, what is still there is read through /proc/PID/mem, which may read more (PROT_NONE), and what follows
    /// it is still read.</summary>
    /// <exception cref="TaskGoneException">The task has ended, or has become one that we may not read.</exception>
    /// <exception cref="ReadGivenUpException">See <see cref="TryGiveUp"/>.</exception>
    public void Read(PageBatch batch, RemoteMemory memory, ProcPagemap pagemap)
    {
        (_batch, _memory, _pagemap) = (batch, memory, pagemap);
        (_pieceCount, _at, _skip) = (0, 0, 0);
        Split();
        while (_at < _pieceCount)
        {
            bool all = _states[_at] == PageState.Own ? TryReadMany() : TryReadForced();
            if (!all && !SkipVanished())
                ReadStubborn();
        }
        if (notesFrames)
            CheckNotes();
    }

    /// <summary>Gives a read up that has blocked for so long: the thread in it is lost until predump ends. False where no read has
    /// blocked.</summary>
    public bool TryGiveUp(TimeSpan patience)
    {
        long since = Volatile.Read(ref _readingSince);
        return since > Idle && Stopwatch.GetElapsedTime(since) > patience
            && Interlocked.CompareExchange(ref _readingSince, GivenUp, since) == since;
    }

    /// <inheritdoc/>
    public void Dispose() => _pages.Dispose();

    private MemoryRange Rest => _pieces[_at].Skip((ulong)_skip);

    private Span<byte> Room => _pages.Span[_bytes..];

    // Pages of one run that are read in one way.
    private void Split()
    {
        int framesSeen = 0;
        if (notesFrames)
            TouchVdso();
        _stateReader.Forget();
        foreach (var run in _batch.Wanted)
        {
            bool byForce = _batch.UnderUserfaultfd || _batch.CategoryOf(run) != PageCategory.Anonymous;
            for (var rest = run; rest.Length > 0; _pieceCount++)
            {
                ulong bytes = rest.Length;
                var where = PageState.Shared;
                if (!byForce || notesFrames)
                    where = _stateReader.Ask(_pagemap, rest, _batch.Wanted[^1].End, out bytes);
                if (byForce)
                    where = PageState.Shared;
                if (where == PageState.Swapped)
                    bytes = Math.Min(bytes, (ulong)(FromSwapAtOnce * PageSize.Bytes));
                _states[_pieceCount] = where;
                _pieces[_pieceCount] = rest with { Length = bytes };
                if (notesFrames)
                    framesSeen = NoteFrames(framesSeen);
                rest = rest.Skip(bytes);
            }
        }
    }

    // It comes into the page tables when it is touched: until then it lies nowhere.
    private void TouchVdso()
    {
        foreach (var run in _batch.Wanted)
            if (_batch.CategoryOf(run) == PageCategory.All)
                _ = _memory.ReadForced(run, Room);
    }

    // Pages that were put elsewhere by the kernel meanwhile may have taken the frames of others, or their slots of swap. (What we read from
    // swap and send back at once takes frames, but mostly no other slot: so it need not be read again in each round.)
    private void CheckNotes()
    {
        Notes.ForgetMoved(_pagemap);
        var before = _relocations;
        _relocations = Relocations.Now(); // those of the next batch begin here, too
        if (_relocations != before)
            Notes.Forget(frames: _relocations.IntoFrames != before.IntoFrames, slots: _relocations.IntoSwap != before.IntoSwap);
    }

    private int NoteFrames(int seen)
    {
        _firstFrames[_pieceCount] = seen;
        var frames = _frames.AsSpan(seen, (int)PageSize.Pages(_pieces[_pieceCount].Length));
        var entries = _stateReader.EntriesOf(_pieces[_pieceCount]);
        if (entries.IsEmpty)
            frames.Fill(PageFrames.Untold);
        else
            PageFrames.Of(entries, frames);
        return seen + frames.Length;
    }

    // As many pieces as go by one call; from the middle of a piece only the rest of that one.
    private bool TryReadMany()
    {
        var rest = Rest;
        int end = _at + 1, asked = (int)rest.Length;
        for (; _skip == 0 && end < _pieceCount && _states[end] == PageState.Own; end++)
            asked += (int)_pieces[end].Length;
        BeginRead();
        int got = _memory.Read(_skip > 0 ? new ReadOnlySpan<MemoryRange>(in rest) : _pieces.AsSpan(_at, end - _at), Room, out int error);
        EndRead();
        if (got < 0 && error is Errno.ESRCH or Errno.EPERM)
            throw new TaskGoneException(error == Errno.EPERM);
        if (got < 0 && error is not (Errno.EFAULT or Errno.ENOMEM))
            throw new LinuxException("process_vm_readv", $"{rest.Start:x}", error);
        Account(Math.Max(got, 0));
        return got == asked;
    }

    private bool TryReadForced()
    {
        var rest = Rest;
        int got = _states[_at] == PageState.Swapped ? ReadFromSwap(rest) : ReadForced(rest);
        Account(got);
        return got == (int)rest.Length;
    }

    // Few pages, one thread at a time, and back they go: what we read must not take the place of what the task uses.
    private int ReadFromSwap(MemoryRange pages)
    {
        bool alone = Monitor.TryEnter(s_fromSwap, s_swapTurn); // (whoever has it may be blocked)
        try
        {
            _batch.RoomToSwapIn?.Make();
            int got = ReadForced(pages);
            _memory.PageOut(pages);
            return got;
        }
        finally
        {
            if (alone)
                Monitor.Exit(s_fromSwap);
        }
    }

    private int ReadForced(MemoryRange pages)
    {
        BeginRead();
        int got = _memory.ReadForced(pages, Room);
        EndRead();
        return got;
    }

    // The page is still there: once more, by force.
    private void ReadStubborn()
    {
        int before = _bytes;
        if (TryReadForced() || _bytes > before || SkipVanished())
            return;
        Losses.Unreadable++; // nobody can read it: broken hardware, a guard page of an older kernel
        Skip(PageSize.Bytes);
    }

    private void BeginRead() => Volatile.Write(ref _readingSince, Stopwatch.GetTimestamp());

    private void EndRead()
    {
        if (Interlocked.Exchange(ref _readingSince, Idle) == GivenUp)
            throw new ReadGivenUpException();
    }

    // Notes `bytes` more as read: whole runs first, then a part of one.
    private void Account(int bytes)
    {
        bytes -= bytes % PageSize.Bytes;
        while (bytes > 0)
        {
            var run = Rest;
            int part = (int)Math.Min((ulong)bytes, run.Length);
            Runs.Add(new PageRun(new MemoryRange(run.Start, (ulong)part), false));
            if (notesFrames)
                Notes.Add(run.Start, _frames.AsSpan(_firstFrames[_at] + (_skip / PageSize.Bytes), part / PageSize.Bytes));
            _bytes += part;
            bytes -= part;
            Skip(part);
        }
    }

    // The next page can't be read. Steps over the pages that the page tables do not show any more; false where it is still there.
    private bool SkipVanished()
    {
        var run = Rest;
        Span<MemoryRange> still = stackalloc MemoryRange[1];
        ulong next = run.End;
        for (ulong at = run.Start; at < run.End;)
        {
            if (_pagemap.Scan(ref at, run.End, _batch.CategoryOf(run), anonymous: true, still) > 0)
            {
                next = still[0].Start;
                break;
            }
        }
        if (next == run.Start)
            return false;
        Losses.Vanished += PageSize.Pages(next - run.Start);
        if (notesFrames) // gone from here, it may be elsewhere
            NoteVanished(run with { Length = next - run.Start });
        Skip((int)(next - run.Start));
        return true;
    }

    private void NoteVanished(MemoryRange pages)
    {
        var frames = _frames.AsSpan(_firstFrames[_at] + (_skip / PageSize.Bytes), (int)PageSize.Pages(pages.Length));
        frames.Fill(PageFrames.Untold);
        Notes.Add(pages.Start, frames);
    }

    private void Skip(int bytes)
    {
        _skip += bytes;
        if ((ulong)_skip == _pieces[_at].Length)
            (_at, _skip) = (_at + 1, 0);
    }
}

/// <summary>The read returned after it had been given up: what it brought belongs to nobody.</summary>
public sealed class ReadGivenUpException : Exception;
