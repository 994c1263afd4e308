using System.Runtime.InteropServices;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Reading;

/// <summary>Up to a MiB of a task's pages on their way: first the runs that are wanted, or are left to the parent unread; after
/// <see cref="Read"/> those that could be read, with their bytes. For one thread at a time, but for
/// <see cref="TryGiveUp"/>.</summary>
/// <param name="maxBytes">Bytes of a full batch, whole pages.</param>
/// <param name="mostLeft">For how many pages left to the parent it is noted where they lie; 0: no frame ledger is
/// written.</param>
public sealed class PageBatch(int maxBytes = PageBatch.MaxBytes, int mostLeft = 0) : IDisposable
{
    /// <summary>Bytes of a batch at most: it stays in the processor's cache until it is written, and few threads read from the
    /// 2 MiB that share a page table, and its lock.</summary>
    public const int MaxBytes = 1024 * 1024;

    private const int BytesOfTwo = 768 * 1024; // two threads share small tasks more evenly by smaller batches
    private const int LeastBytes = 192 * 1024; // of a small tree
    private const int LeftOfAll = 16 * 1024, MinLeft = 1024; // pages

    private readonly PageReader _reader = new(maxBytes, notesFrames: mostLeft > 0);
    private readonly WantedRuns _wanted = new(maxBytes);
    private readonly FrameNotes _leftFrames = new(mostLeft);
    private readonly PageRun[] _left = new PageRun[WantedRuns.Most];
    private int _leftCount;
    private TaskMemory? _memory;

    /// <summary>One of as many batches as there are threads.</summary>
    /// <param name="threads">The number of threads, each of which has a batch.</param>
    /// <param name="notesFrames">Whether a frame ledger is written.</param>
    /// <param name="expectedBytes">About how many bytes there are to copy: a batch for fewer is smaller.</param>
    public static PageBatch OneOf(int threads, bool notesFrames, ulong expectedBytes) => new(
        (int)Math.Clamp(PageSize.RoundUp(expectedBytes), LeastBytes, (ulong)(threads == 2 ? BytesOfTwo : MaxBytes)),
        notesFrames ? Math.Max(LeftOfAll / threads, MinLeft) : 0);

    /// <summary>The wanted pages that the parent has already, though they were dirty.</summary>
    public UnchangedPages Unchanged { get; } = new(maxBytes);

    /// <summary>How many of the wanted pages looked clean, and were not certainly the parent's.</summary>
    public ulong Suspects { get; private set; }

    /// <summary>The runs that are to be read, ascending.</summary>
    public ReadOnlySpan<MemoryRange> Wanted => _wanted.Runs;

    /// <summary>How many bytes the wanted runs have.</summary>
    public int WantedBytes => _wanted.Bytes;

    /// <summary>Whether nothing was added.</summary>
    public bool IsEmpty => _wanted.Runs.IsEmpty && _leftCount == 0;

    /// <summary>After <see cref="Read"/>: the runs, ascending.</summary>
    public ReadOnlySpan<PageRun> Runs => CollectionsMarshal.AsSpan(_reader.Runs);

    /// <summary>After <see cref="Read"/>: the bytes of the copied ones.</summary>
    public ReadOnlySpan<byte> Pages => _reader.Pages;

    /// <summary>After <see cref="Read"/>: what could not be copied.</summary>
    public Losses Losses => _reader.Losses;

    /// <summary>Begins an empty batch of a task's pages.</summary>
    /// <param name="memory">Where they are; the caller's.</param>
    public void Begin(TaskMemory memory)
    {
        Clear();
        _memory = memory;
    }

    /// <summary>Adds as much of a run that is to be read as there is room for, and takes that off it. False where the batch is
    /// full.</summary>
    /// <param name="run">Above those before.</param>
    /// <param name="category">The category by which it was found.</param>
    /// <param name="underUserfaultfd">Whether it is under a userfaultfd.</param>
    /// <param name="suspect">Whether it looked clean, and is not certainly the parent's.</param>
    public bool TryAdd(ref MemoryRange run, PageCategory category = PageCategory.Anonymous, bool underUserfaultfd = false,
        bool suspect = false)
    {
        ulong before = run.Length;
        if (!_wanted.TryAdd(ref run, category, underUserfaultfd))
            return false;
        if (suspect)
            Suspects += PageSize.Pages(before - run.Length);
        return true;
    }

    /// <summary>Adds as much of a run that is left to the parent unread as there is room for, and takes that off it. False where
    /// the batch is full.</summary>
    /// <param name="run">Above those before.</param>
    /// <param name="frames">Where its pages lie; none: that is not noted.</param>
    public bool TryLeave(ref MemoryRange run, ReadOnlySpan<ulong> frames = default)
    {
        var part = run;
        if (mostLeft > 0 && !frames.IsEmpty)
        {
            frames = frames[..Math.Min(frames.Length, _leftFrames.Room)];
            part = run with { Length = PageSize.BytesOf((ulong)frames.Length) };
            if (frames.IsEmpty)
                return false;
        }
        if (!RunMerger.TryAdd(_left, ref _leftCount, new PageRun(part, InParent: true)))
            return false;
        if (mostLeft > 0 && !frames.IsEmpty)
            _leftFrames.Add(part.Start, frames);
        run = run.Skip(part.Length);
        return true;
    }

    /// <summary>Empties it: nothing of the task or its pages is left.</summary>
    public void Clear()
    {
        (_memory, _leftCount, Suspects) = (null, 0, 0);
        _wanted.Clear();
        _leftFrames.Clear();
        _reader.Clear();
        Unchanged.Clear();
    }

    /// <summary>Copies the wanted pages, and leaves those to the parent that it has already. After <see cref="Begin"/>.</summary>
    /// <exception cref="TaskGoneException">The task has ended, or has become one that we may not read.</exception>
    /// <exception cref="ReadGivenUpException">See <see cref="TryGiveUp"/>.</exception>
    public void Read()
    {
        _reader.Read(_wanted, _memory!);
        if (_memory!.Pages.HasEnded) // then the bytes may be those of a stranger with the same pid
            throw new TaskGoneException(notPermitted: false);
        _reader.Keep(Unchanged.TakeOut(_reader.Runs, _reader.Pages));
        AddLeft();
    }

    /// <summary>Gives up a read that has blocked for so long; from any thread. The thread in it is lost until predump ends, and
    /// with it this batch, whose <see cref="Successor"/> goes on. False where no read has blocked.</summary>
    public bool TryGiveUp(TimeSpan patience) => _reader.TryGiveUp(patience);

    /// <summary>A batch for what is still there of this one's pages, to be read anew; nothing of it is compared.</summary>
    public PageBatch Successor()
    {
        var batch = new PageBatch(maxBytes, mostLeft) { Suspects = Suspects };
        batch._memory = _memory;
        batch._leftCount = _leftCount;
        _left.AsSpan(0, _leftCount).CopyTo(batch._left);
        batch._leftFrames.AddAll(_leftFrames);
        Span<MemoryRange> found = stackalloc MemoryRange[64];
        foreach (var run in Wanted)
        {
            for (ulong at = run.Start; at < run.End;)
            {
                int count = _memory!.Pagemap.Scan(ref at, run.End, _wanted.CategoryOf(run), anonymous: true, found);
                foreach (var still in found[..count])
                {
                    var part = still;
                    if (!batch._wanted.TryAdd(ref part, _wanted.CategoryOf(run), _wanted.UnderUserfaultfd))
                        throw new InvalidOperationException("more runs than before"); // each is a part of one of ours
                }
            }
        }
        batch._reader.Lose(vanished: PageSize.Pages((ulong)(WantedBytes - batch.WantedBytes)));
        return batch;
    }

    /// <summary>Writes down where its pages lay.</summary>
    public void WriteFrames(FrameLedgerWriter ledger) => FrameNotes.Write(_leftFrames, _reader.Notes, ledger);

    /// <inheritdoc/>
    public void Dispose() => _reader.Dispose();

    private void AddLeft()
    {
        if (_leftCount == 0)
            return;
        _reader.Runs.AddRange(_left.AsSpan(0, _leftCount));
        _reader.Runs.Sort(static (a, b) => a.Range.Start.CompareTo(b.Range.Start));
    }
}
