using PreDump.Linux;

namespace PreDump.Core.Reading;

/// <summary>Reads the pages that a batch wants, each in the way that spares its task. The task is running, so a page may vanish
/// between the scan and the read. For one thread at a time, but for <see cref="TryGiveUp"/>.</summary>
/// <param name="maxBytes">Bytes of a full batch, whole pages.</param>
/// <param name="notesFrames">Whether it is noted where each page lay before it was read.</param>
public sealed class PageReader(int maxBytes, bool notesFrames = false) : IDisposable
{
    private static readonly object s_fromSwap = new(); // of all readers: one reads from swap at a time
    private static readonly TimeSpan s_swapTurn = TimeSpan.FromSeconds(1);

    private readonly NativeBuffer _pages = new((ulong)maxBytes);
    private readonly ReadPieces _pieces = new(maxBytes, notesFrames);
    private readonly ReadTimer _timer = new();
    private WantedRuns _wanted = null!;
    private TaskMemory _memory = null!;
    private int _bytes; // read so far
    private Relocations _relocations = notesFrames ? Relocations.Now() : default; // before the batch

    /// <summary>The runs that could be read, ascending.</summary>
    public List<PageRun> Runs { get; } = new(2 * WantedRuns.Most);

    /// <summary>Their bytes, without gaps.</summary>
    public Span<byte> Pages => _pages.Span[.._bytes];

    /// <summary>Where the pages lay that could be read.</summary>
    public FrameNotes Notes { get; } = new(notesFrames ? maxBytes / PageSize.Bytes : 0);

    /// <summary>What could not be read.</summary>
    public Losses Losses { get; private set; }

    /// <summary>Forgets what was read.</summary>
    public void Clear()
    {
        (_bytes, Losses) = (0, default);
        Runs.Clear();
        Notes.Clear();
    }

    /// <summary>Only the first <paramref name="bytes"/> bytes are still wanted.</summary>
    public void Keep(int bytes) => _bytes = bytes;

    /// <summary>Counts pages that vanished before they could be read.</summary>
    public void Lose(ulong vanished) => Losses = Losses with { Vanished = Losses.Vanished + vanished };

    /// <summary>Reads pages that the task has for itself in memory by process_vm_readv(2), the others in the way that spares it,
    /// through /proc/PID/mem (see <see cref="PageState"/>). Where a read stops short the page tables are asked again: what has
    /// vanished is left out, what is still there is read through /proc/PID/mem, which may read more (PROT_NONE), and what follows
    /// it is still read.</summary>
    /// <exception cref="TaskGoneException">The task has ended, or has become one that we may not read.</exception>
    /// <exception cref="ReadGivenUpException">See <see cref="TryGiveUp"/>.</exception>
    public void Read(WantedRuns wanted, TaskMemory memory)
    {
        (_wanted, _memory) = (wanted, memory);
        if (notesFrames)
            TouchVdso();
        _pieces.Begin(wanted, memory.Pagemap);
        while (!_pieces.IsAtEnd)
        {
            bool all = _pieces.State == PageState.Own ? TryReadMany() : TryReadForced();
            if (!all && !SkipVanished())
                ReadStubborn();
        }
        if (notesFrames)
            CheckNotes();
    }

    /// <summary>Gives up a read that has blocked for so long; from any thread. The thread in it is lost until predump ends. False
    /// where no read has blocked.</summary>
    public bool TryGiveUp(TimeSpan patience) => _timer.TryGiveUp(patience);

    /// <inheritdoc/>
    public void Dispose() => _pages.Dispose();

    private Span<byte> Room => _pages.Span[_bytes..];

    // It comes into the page tables when it is touched: until then it lies nowhere.
    private void TouchVdso()
    {
        foreach (var run in _wanted.Runs)
        {
            if (_wanted.CategoryOf(run) == PageCategory.All)
                _ = _memory.Pages.ReadForced(run, Room);
        }
    }

    // Pages that were put elsewhere by the kernel meanwhile may have taken the frames of others, or their slots of swap. (What we
    // read from swap and send back at once takes frames, but mostly no other slot: so it need not be read again in each round.)
    private void CheckNotes()
    {
        Notes.ForgetMoved(_memory.Pagemap);
        var before = _relocations;
        _relocations = Relocations.Now(); // those of the next batch begin here, too
        if (_relocations != before)
            Notes.Forget(frames: _relocations.IntoFrames != before.IntoFrames, slots: _relocations.IntoSwap != before.IntoSwap);
    }

    private bool TryReadMany()
    {
        MemoryRange rest = default;
        var ranges = _pieces.Together(ref rest);
        int asked = 0;
        foreach (var range in ranges)
            asked += (int)range.Length;
        _timer.Begin();
        int got = _memory.Pages.Read(ranges, Room, out int error);
        _timer.End();
        if (got < 0 && error is Errno.ESRCH or Errno.EPERM)
            throw new TaskGoneException(error == Errno.EPERM);
        if (got < 0 && error is not (Errno.EFAULT or Errno.ENOMEM))
            throw new LinuxException("process_vm_readv", $"{ranges[0].Start:x}", error);
        Account(Math.Max(got, 0));
        return got == asked;
    }

    private bool TryReadForced()
    {
        var rest = _pieces.Rest;
        int got = _pieces.State == PageState.Swapped ? ReadFromSwap(rest) : ReadForced(rest);
        Account(got);
        return got == (int)rest.Length;
    }

    // Few pages, one thread at a time, and back they go: what we read must not take the place of what the task uses.
    private int ReadFromSwap(MemoryRange pages)
    {
        bool alone = Monitor.TryEnter(s_fromSwap, s_swapTurn); // (the thread that has it may be blocked)
        try
        {
            _memory.RoomToSwapIn.Await();
            int got = ReadForced(pages);
            _memory.Pages.PageOut(pages);
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
        _timer.Begin();
        int got = _memory.Pages.ReadForced(pages, Room);
        _timer.End();
        return got;
    }

    // The page tables still show the page: once more, by force. Then either the task has no such memory any more (the vdso is
    // taken to be there always; after an exec the page tables may be those of a vfork parent), or it can't be read.
    private void ReadStubborn()
    {
        int before = _bytes;
        if (TryReadForced() || _bytes > before || SkipVanished())
            return;
        var rest = _pieces.Rest;
        if (!_memory.IsMapped(rest.Start, out ulong until))
        {
            LoseVanished(rest with { Length = Math.Min(until, rest.End) - rest.Start });
            return;
        }
        Losses = Losses with { Unreadable = Losses.Unreadable + 1 }; // broken hardware, or a guard page of an older kernel
        _pieces.Skip(PageSize.Bytes);
    }

    // Notes `bytes` more as read: whole pieces first, then a part of one.
    private void Account(int bytes)
    {
        bytes -= bytes % PageSize.Bytes;
        while (bytes > 0)
        {
            var rest = _pieces.Rest;
            int part = (int)Math.Min((ulong)bytes, rest.Length);
            Runs.Add(new PageRun(rest with { Length = (ulong)part }, InParent: false));
            if (notesFrames)
                Notes.Add(rest.Start, _pieces.FramesOfRest(part / PageSize.Bytes));
            _bytes += part;
            bytes -= part;
            _pieces.Skip(part);
        }
    }

    // The next page can't be read. Steps over the pages that the page tables do not show any more; false where it is still there.
    private bool SkipVanished()
    {
        var rest = _pieces.Rest;
        ulong next = NextThere(rest);
        if (next == rest.Start)
            return false;
        LoseVanished(rest with { Length = next - rest.Start });
        return true;
    }

    private void LoseVanished(MemoryRange vanished)
    {
        Lose(PageSize.Pages(vanished.Length));
        if (notesFrames) // gone from here, it may be elsewhere
        {
            var frames = _pieces.FramesOfRest((int)PageSize.Pages(vanished.Length));
            frames.Fill(PageFrames.Unknown);
            Notes.Add(vanished.Start, frames);
        }
        _pieces.Skip((int)vanished.Length);
    }

    // The first page that the page tables still show; the end where there is none.
    private ulong NextThere(MemoryRange pages)
    {
        Span<MemoryRange> found = stackalloc MemoryRange[1];
        for (ulong at = pages.Start; at < pages.End;)
        {
            if (_memory.Pagemap.Scan(ref at, pages.End, _wanted.CategoryOf(pages), anonymous: true, found) > 0)
                return found[0].Start;
        }
        return pages.End;
    }
}
