using System.Diagnostics;
using PreDump.Linux;

namespace PreDump.Engine;

/// <summary>Up to a MiB of a task's pages on their way: the runs that are wanted, then those that could be read, with their bytes
/// one behind the other. The task is running, so a page may vanish between the scan and the read.</summary>
/// <param name="maxBytes">Bytes of a full batch, whole pages.</param>
internal sealed class PageBatch(int maxBytes = PageBatch.MaxBytes) : IDisposable
{
    /// <summary>Bytes of a batch at most: as fast as larger ones, and it stays in the processor's cache until it is written.</summary>
    public const int MaxBytes = 1024 * 1024;

    private const int BytesOfAll = 2 * MaxBytes, MinBytes = 256 * 1024; // many threads must not make us large

    private const int MaxRuns = 1024; // IOV_MAX
    private const int FromSwapAtOnce = 16; // pages
    private const long Idle = 0, GivenUp = -1;

    private static readonly object s_fromSwap = new();
    private static readonly TimeSpan s_swapTurn = TimeSpan.FromSeconds(1);

    private readonly NativeBuffer _pages = new((ulong)maxBytes);
    private readonly MemoryRange[] _wanted = new MemoryRange[MaxRuns];
    private readonly MemoryRange[] _pieces = new MemoryRange[MaxRuns];
    private readonly PageWhereabouts[] _where = new PageWhereabouts[MaxRuns];
    private readonly PagesWhereabouts _whereabouts = new();
    private readonly List<PageRun> _inParent = new(MaxRuns);
    private readonly List<PageRun> _runs = new(2 * MaxRuns);
    private int _wantedCount;
    private int _wantedBytes;
    private int _readBytes;
    private int _pieceCount;
    private long _readingSince;

    /// <summary>One of as many batches as there are threads.</summary>
    public static PageBatch OneOf(int threads) =>
        new(Math.Clamp(BytesOfAll / threads / PageSize.Bytes * PageSize.Bytes, MinBytes, MaxBytes));

    /// <summary>Its place in the order of all batches.</summary>
    public long Turn { get; set; }

    /// <summary>The task whose pages these are.</summary>
    public TaskCopy Task { get; set; } = null!;

    /// <summary>The task's first batch.</summary>
    public bool IsFirst { get; set; }

    /// <summary>The task's last batch.</summary>
    public bool IsLast { get; set; }

    /// <summary>Its pages are under a userfaultfd: a read that meets a missing one must not ask for it.</summary>
    public bool UnderUserfaultfd { get; set; }

    /// <summary>By which its pages were found, and are to be found again: all of them.</summary>
    public PageFilter Filter { get; set; }

    /// <summary>Asked before pages are read from swap.</summary>
    public RoomToSwapIn? RoomToSwapIn { get; set; }

    /// <summary>How many bytes are to be read.</summary>
    public int WantedBytes => _wantedBytes;

    /// <summary>Whether nothing is wanted.</summary>
    public bool IsEmpty => _wantedCount == 0 && _inParent.Count == 0;

    /// <summary>After <see cref="Read"/>: the runs, ascending.</summary>
    public ReadOnlySpan<PageRun> Runs => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_runs);

    /// <summary>After <see cref="Read"/>: the bytes of the copied ones.</summary>
    public ReadOnlySpan<byte> Pages => _pages.Span[.._readBytes];

    /// <summary>After <see cref="Read"/>: what could not be copied.</summary>
    public Losses Losses { get; } = new();

    /// <summary>Adds as much of a run as there is room for, and takes that off it. False where the batch is full.</summary>
    public bool TryAdd(ref MemoryRange run, bool inParent)
    {
        if (inParent)
        {
            if (_inParent.Count == MaxRuns)
                return false;
            _inParent.Add(new PageRun(run, true));
            run = default;
            return true;
        }
        if (_wantedCount == MaxRuns || _wantedBytes == maxBytes)
            return false;
        ulong bytes = Math.Min(run.Length, (ulong)(maxBytes - _wantedBytes));
        _wanted[_wantedCount++] = new MemoryRange(run.Start, bytes);
        _wantedBytes += (int)bytes;
        run = run.Skip(bytes);
        return true;
    }

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        (_wantedCount, _wantedBytes, _readBytes) = (0, 0, 0);
        (IsFirst, IsLast, Filter, UnderUserfaultfd) = (false, false, default, false);
        (Losses.Vanished, Losses.Unreadable) = (0, 0);
        _inParent.Clear();
        _runs.Clear();
    }

    /// <summary>Copies the wanted pages: those that the task has for itself in memory by process_vm_readv(2), the others in the way
    /// that spares it, through /proc/PID/mem (see <see cref="PageWhereabouts"/>). Where a read stops short the page tables are asked
    /// again: what has vanished is left out, what is still there is read through /proc/PID/mem, which may read more (PROT_NONE),
    /// and what follows it is still read.</summary>
    /// <exception cref="TaskGoneException">The task has ended, or has become one that we may not read.</exception>
    /// <exception cref="ReadGivenUpException">See <see cref="TryGiveUp"/>.</exception>
    public void Read(RemoteMemory memory, Pagemap pagemap)
    {
        Split(pagemap);
        for (int i = 0, skip = 0; i < _pieceCount;)
        {
            bool all = _where[i] == PageWhereabouts.Own ? TryReadMany(memory, ref i, ref skip) : TryReadForced(memory, ref i, ref skip);
            if (!all && !SkipVanished(pagemap, ref i, ref skip))
                ReadStubborn(memory, pagemap, ref i, ref skip);
        }
        MergeInParent();
        if (memory.HasEnded) // then the bytes may be those of a stranger with the same pid
            throw new TaskGoneException(notPermitted: false);
    }

    /// <summary>Gives a read up that has blocked for so long: the thread in it is lost until predump ends, and with it this batch,
    /// whose <see cref="Successor"/> goes on. False where no read has blocked.</summary>
    public bool TryGiveUp(TimeSpan patience)
    {
        long since = Volatile.Read(ref _readingSince);
        return since > Idle && Stopwatch.GetElapsedTime(since) > patience
            && Interlocked.CompareExchange(ref _readingSince, GivenUp, since) == since;
    }

    /// <summary>A batch for what is still there of this one's pages, to be read anew, in this one's turn.</summary>
    public PageBatch Successor()
    {
        var batch = new PageBatch(maxBytes)
        {
            Turn = Turn,
            Task = Task,
            IsFirst = IsFirst,
            IsLast = IsLast,
            Filter = Filter,
            UnderUserfaultfd = UnderUserfaultfd,
            RoomToSwapIn = RoomToSwapIn
        };
        batch._inParent.AddRange(_inParent);
        ulong left = (ulong)_wantedBytes;
        Span<MemoryRange> found = stackalloc MemoryRange[64];
        foreach (var run in _wanted.AsSpan(0, _wantedCount))
        {
            for (ulong at = run.Start; at < run.End;)
            {
                int count = Task.Pagemap!.Scan(ref at, run.End, Filter, anonymous: true, found);
                foreach (var still in found[..count])
                {
                    var part = still;
                    if (!batch.TryAdd(ref part, inParent: false))
                        throw new InvalidOperationException("more runs than before"); // each is a part of one of ours
                    left -= still.Length;
                }
            }
        }
        batch.Losses.Vanished = PageSize.Pages(left);
        return batch;
    }

    /// <inheritdoc/>
    public void Dispose() => _pages.Dispose();

    // Pages of one run that are read in one way.
    private void Split(Pagemap pagemap)
    {
        _pieceCount = 0;
        _whereabouts.Forget();
        foreach (var run in _wanted.AsSpan(0, _wantedCount))
            for (var rest = run; rest.Length > 0; _pieceCount++)
            {
                ulong bytes = rest.Length;
                var where = PageWhereabouts.Shared;
                if (!UnderUserfaultfd && Filter == PageFilter.Present)
                    where = _whereabouts.Ask(pagemap, rest, _wanted[_wantedCount - 1].End, out bytes);
                if (where == PageWhereabouts.Swapped)
                    bytes = Math.Min(bytes, (ulong)(FromSwapAtOnce * PageSize.Bytes));
                _where[_pieceCount] = where;
                _pieces[_pieceCount] = new MemoryRange(rest.Start, bytes);
                rest = rest.Skip(bytes);
            }
    }

    // As many pieces as go by one call; from the middle of a piece only the rest of that one.
    private bool TryReadMany(RemoteMemory memory, ref int i, ref int skip)
    {
        MemoryRange rest = _pieces[i].Skip((ulong)skip);
        int end = i + 1, asked = (int)rest.Length;
        for (; skip == 0 && end < _pieceCount && _where[end] == PageWhereabouts.Own; end++)
            asked += (int)_pieces[end].Length;
        BeginRead();
        int got = memory.Read(skip > 0 ? new ReadOnlySpan<MemoryRange>(in rest) : _pieces.AsSpan(i, end - i), _pages.Span[_readBytes..],
            out int error);
        EndRead();
        if (got < 0 && error is Errno.ESRCH or Errno.EPERM)
            throw new TaskGoneException(error == Errno.EPERM);
        if (got < 0 && error is not (Errno.EFAULT or Errno.ENOMEM))
            throw new LinuxException("process_vm_readv", $"{rest.Start:x}", error);
        Account(ref i, ref skip, Math.Max(got, 0));
        return got == asked;
    }

    private bool TryReadForced(RemoteMemory memory, ref int i, ref int skip)
    {
        var rest = _pieces[i].Skip((ulong)skip);
        int got = _where[i] == PageWhereabouts.Swapped ? ReadFromSwap(memory, rest) : ReadForced(memory, rest);
        Account(ref i, ref skip, got);
        return got == (int)rest.Length;
    }

    // Few pages, one thread at a time, and back they go: what we read must not take the place of what the task uses.
    private int ReadFromSwap(RemoteMemory memory, MemoryRange pages)
    {
        bool alone = Monitor.TryEnter(s_fromSwap, s_swapTurn); // (whoever has it may be blocked)
        try
        {
            RoomToSwapIn?.Make();
            int got = ReadForced(memory, pages);
            memory.PageOut(pages);
            return got;
        }
        finally
        {
            if (alone)
                Monitor.Exit(s_fromSwap);
        }
    }

    private int ReadForced(RemoteMemory memory, MemoryRange pages)
    {
        BeginRead();
        int got = memory.ReadForced(pages, _pages.Span[_readBytes..]);
        EndRead();
        return got;
    }

    // The page is still there: once more, by force.
    private void ReadStubborn(RemoteMemory memory, Pagemap pagemap, ref int i, ref int skip)
    {
        int before = _readBytes;
        if (TryReadForced(memory, ref i, ref skip) || _readBytes > before || SkipVanished(pagemap, ref i, ref skip))
            return;
        Losses.Unreadable++; // nobody can read it: broken hardware, a guard page of an older kernel
        Skip(ref i, ref skip, PageSize.Bytes);
    }

    private void BeginRead() => Volatile.Write(ref _readingSince, Stopwatch.GetTimestamp());

    private void EndRead()
    {
        if (Interlocked.Exchange(ref _readingSince, Idle) == GivenUp)
            throw new ReadGivenUpException();
    }

    // Notes `bytes` more as read, from the byte `skip` of piece i on: whole runs first, then a part of one.
    private void Account(ref int i, ref int skip, int bytes)
    {
        bytes -= bytes % PageSize.Bytes;
        while (bytes > 0)
        {
            var run = _pieces[i].Skip((ulong)skip);
            int part = (int)Math.Min((ulong)bytes, run.Length);
            _runs.Add(new PageRun(new MemoryRange(run.Start, (ulong)part), false));
            _readBytes += part;
            bytes -= part;
            Skip(ref i, ref skip, part);
        }
    }

    // The page at `skip` of piece i can't be read. Steps over the pages that the page tables do not show any more; false where it is
    // still there.
    private bool SkipVanished(Pagemap pagemap, ref int i, ref int skip)
    {
        var run = _pieces[i].Skip((ulong)skip);
        Span<MemoryRange> still = stackalloc MemoryRange[1];
        ulong next = run.End;
        for (ulong at = run.Start; at < run.End;)
        {
            if (pagemap.Scan(ref at, run.End, Filter, anonymous: true, still) > 0)
            {
                next = still[0].Start;
                break;
            }
        }
        if (next == run.Start)
            return false;
        Losses.Vanished += PageSize.Pages(next - run.Start);
        Skip(ref i, ref skip, (int)(next - run.Start));
        return true;
    }

    private void Skip(ref int i, ref int skip, int bytes)
    {
        skip += bytes;
        if ((ulong)skip == _pieces[i].Length)
            (i, skip) = (i + 1, 0);
    }

    private void MergeInParent()
    {
        if (_inParent.Count == 0)
            return;
        _runs.AddRange(_inParent);
        _runs.Sort(static (a, b) => a.Range.Start.CompareTo(b.Range.Start));
    }
}

/// <summary>The read returned after it had been given up: what it brought belongs to nobody.</summary>
internal sealed class ReadGivenUpException : Exception;
