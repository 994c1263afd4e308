using System.Runtime.InteropServices;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Reading;

/// <summary>Up to a MiB of a task's pages on their way: the runs that are wanted, then those that could be read, with their bytes
/// one behind the other.</summary>
/// <param name="maxBytes">Bytes of a full batch, whole pages.</param>
/// <param name="mostLeft">For how many pages left to the parent it is noted where they lie; 0: no frame ledger is written.</param>
public sealed class PageBatch(int maxBytes = PageBatch.MaxBytes, int mostLeft = 0) : IDisposable
{
    /// <summary>Bytes of a batch at most: as fast as larger ones, and it stays in the processor's cache until it is written.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>Runs of each kind at most: as many as one process_vm_readv(2) reads (IOV_MAX).</summary>
    public const int MaxRuns = 1024;

    private const int BytesOfAll = 3 * MaxBytes / 2, MinBytes = 192 * 1024; // many threads must not make us large
    private const int LeftOfAll = 16 * 1024, MinLeft = 1024; // pages

    private readonly PageReader _reader = new(maxBytes, notesFrames: mostLeft > 0);
    private readonly FrameNotes _left = new(mostLeft);
    private readonly MemoryRange[] _wanted = new MemoryRange[MaxRuns];
    private readonly List<PageRun> _inParent = new(MaxRuns);
    private int _wantedCount;
    private MemoryRange _any;

    /// <summary>One of as many batches as there are threads.</summary>
    /// <param name="threads">How many.</param>
    /// <param name="notesFrames">Whether a frame ledger is written.</param>
    public static PageBatch OneOf(int threads, bool notesFrames) =>
        new(Math.Clamp(BytesOfAll / threads / PageSize.Bytes * PageSize.Bytes, MinBytes, MaxBytes), notesFrames ? Math.Max(LeftOfAll / threads, MinLeft) : 0);

    /// <summary>Its pages are under a userfaultfd: a read that meets a missing one must not ask for it.</summary>
    public bool UnderUserfaultfd { get; set; }

    /// <summary>Asked before pages are read from swap.</summary>
    public RoomToSwapIn? RoomToSwapIn { get; set; }

    /// <summary>Those of its pages that the parent has already, though they were dirty.</summary>
    public UnchangedPages Unchanged { get; } = new(maxBytes);

    /// <summary>How many of its pages looked clean, and were not certainly the parent's.</summary>
    public ulong Suspects { get; set; }

    /// <summary>The runs that are to be read, ascending.</summary>
    public ReadOnlySpan<MemoryRange> Wanted => _wanted.AsSpan(0, _wantedCount);

    /// <summary>How many bytes they have.</summary>
    public int WantedBytes { get; private set; }

    /// <summary>Whether nothing is wanted.</summary>
    public bool IsEmpty => _wantedCount == 0 && _inParent.Count == 0;

    /// <summary>After <see cref="Read"/>: the runs, ascending.</summary>
    public ReadOnlySpan<PageRun> Runs => CollectionsMarshal.AsSpan(_reader.Runs);

    /// <summary>After <see cref="Read"/>: the bytes of the copied ones.</summary>
    public ReadOnlySpan<byte> Pages => _reader.Pages;

    /// <summary>After <see cref="Read"/>: what could not be copied.</summary>
    public Losses Losses => _reader.Losses;

    /// <summary>By which the pages of a wanted run were found, and are to be found again.</summary>
    public PageCategory CategoryOf(MemoryRange run) => run.Start >= _any.Start && run.Start < _any.End ? PageCategory.All : PageCategory.Anonymous;

    /// <summary>Adds as much of a run as there is room for, and takes that off it. False where the batch is full.</summary>
    /// <param name="run">Behind those before.</param>
    /// <param name="inParent">Whether it is not to be read.</param>
    /// <param name="category">By which it was found.</param>
    /// <param name="frames">Where the pages lie that are not to be read; none: it is not to be noted.</param>
    public bool TryAdd(ref MemoryRange run, bool inParent, PageCategory category = PageCategory.Anonymous, ReadOnlySpan<ulong> frames = default)
    {
        if (inParent)
            return TryLeave(ref run, mostLeft > 0 ? frames : default);
        if (_wantedCount == MaxRuns || WantedBytes == maxBytes)
            return false;
        if (category == PageCategory.All && _any.Length > 0 && _any.End != run.Start) // a vdso in pieces
            return false;
        ulong bytes = Math.Min(run.Length, (ulong)(maxBytes - WantedBytes));
        if (category == PageCategory.All)
            _any = new MemoryRange(_any.Length > 0 ? _any.Start : run.Start, _any.Length + bytes);
        _wanted[_wantedCount++] = new MemoryRange(run.Start, bytes);
        WantedBytes += (int)bytes;
        run = run.Skip(bytes);
        return true;
    }

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        (_wantedCount, WantedBytes) = (0, 0);
        (UnderUserfaultfd, _any, Suspects) = (false, default, 0);
        _inParent.Clear();
        _left.Clear();
        _reader.Clear();
        Unchanged.Clear();
    }

    /// <summary>Copies the wanted pages, and leaves those to the parent that it has already.</summary>
    /// <exception cref="TaskGoneException">The task has ended, or has become one that we may not read.</exception>
    /// <exception cref="ReadGivenUpException">See <see cref="TryGiveUp"/>.</exception>
    public void Read(RemoteMemory memory, ProcPagemap pagemap)
    {
        _reader.Read(this, memory, pagemap);
        if (memory.HasEnded) // then the bytes may be those of a stranger with the same pid
            throw new TaskGoneException(notPermitted: false);
        _reader.Keep(Unchanged.TakeOut(_reader.Runs, _reader.Pages));
        MergeInParent();
    }

    /// <summary>Gives a read up that has blocked for so long: the thread in it is lost until predump ends, and with it this batch,
    /// whose <see cref="Successor"/> goes on. False where no read has blocked.</summary>
    public bool TryGiveUp(TimeSpan patience) => _reader.TryGiveUp(patience);

    /// <summary>A batch for what is still there of this one's pages, to be read anew; nothing of it is compared.</summary>
    /// <param name="pagemap">The task's.</param>
    public PageBatch Successor(ProcPagemap pagemap)
    {
        var batch = new PageBatch(maxBytes, mostLeft)
        {
            UnderUserfaultfd = UnderUserfaultfd,
            RoomToSwapIn = RoomToSwapIn,
            Suspects = Suspects
        };
        batch._any = _any;
        batch._inParent.AddRange(_inParent);
        batch._left.AddAll(_left);
        ulong left = (ulong)WantedBytes;
        Span<MemoryRange> found = stackalloc MemoryRange[64];
        foreach (var run in Wanted)
        {
            for (ulong at = run.Start; at < run.End;)
            {
                int count = pagemap.Scan(ref at, run.End, CategoryOf(run), anonymous: true, found);
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

    /// <summary>Writes down where its pages lay.</summary>
    public void WriteFrames(FrameLedgerWriter ledger) => FrameNotes.Write(_left, _reader.Notes, ledger);

    /// <inheritdoc/>
    public void Dispose() => _reader.Dispose();

    private bool TryLeave(ref MemoryRange run, ReadOnlySpan<ulong> frames)
    {
        bool joins = _inParent.Count > 0 && _inParent[^1].Range.End == run.Start;
        if ((_inParent.Count == MaxRuns && !joins) || (!frames.IsEmpty && _left.Room == 0))
            return false;
        var part = run;
        if (!frames.IsEmpty)
        {
            int pages = Math.Min(frames.Length, _left.Room);
            _left.Add(run.Start, frames[..pages]);
            part = run with { Length = PageSize.BytesOf((ulong)pages) };
        }
        if (joins)
            _inParent[^1] = new PageRun(new MemoryRange(_inParent[^1].Range.Start, part.End - _inParent[^1].Range.Start), true);
        else
            _inParent.Add(new PageRun(part, true));
        run = run.Skip(part.Length);
        return true;
    }

    private void MergeInParent()
    {
        if (_inParent.Count == 0)
            return;
        _reader.Runs.AddRange(_inParent);
        _reader.Runs.Sort(static (a, b) => a.Range.Start.CompareTo(b.Range.Start));
    }
}
