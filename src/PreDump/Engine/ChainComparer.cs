using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Engine;

/// <summary>Compares pages of a stopped task with what images hold of them, a batch at a time; each page's bytes are found through the
/// chain of rounds. One task after the other, in ascending order, by one thread.</summary>
internal sealed class ChainComparer : IDisposable
{
    private readonly PageBatch _batch = new();
    private readonly NativeBuffer _imagePages = new(PageBatch.MaxBytes);
    private readonly Queue<(PagePlace Place, MemoryRange Range)> _places = new();
    private StoppedMemory _memory = null!;
    private ChainedPages? _images;
    private IComparedPages _result = null!;

    /// <summary>Begins with a task.</summary>
    /// <param name="memory">Its memory.</param>
    /// <param name="images">Its pages in the images; null: they have none.</param>
    /// <param name="result">Told what was found.</param>
    public void Begin(StoppedMemory memory, ChainedPages? images, IComparedPages result)
    {
        (_memory, _images, _result) = (memory, images, result);
        _batch.Clear(); // (of a task that failed)
        _batch.RoomToSwapIn = memory.RoomToSwapIn;
        _places.Clear();
    }

    /// <summary>Adds pages, behind those before.</summary>
    /// <exception cref="TaskGoneException">The task has ended.</exception>
    /// <exception cref="ImageException">An image is damaged.</exception>
    public void Add(MemoryRange pages)
    {
        while (pages.Length > 0) // split by where they are in the images
        {
            PagePlace place = default;
            ulong bytes = (_images?.Locate(pages.Start, PageSize.Pages(pages.Length), out place) * (ulong)PageSize.Bytes) ?? pages.Length;
            var run = new MemoryRange(pages.Start, bytes);
            pages = pages.Skip(bytes);
            if (place.Round is null)
            {
                _result.Missing(run);
                continue;
            }
            _places.Enqueue((place, run));
            while (run.Length > 0)
                if (!_batch.TryAdd(ref run, inParent: false))
                    Flush();
        }
    }

    /// <summary>Compares what is left of the task's pages.</summary>
    /// <exception cref="TaskGoneException">The task has ended.</exception>
    /// <exception cref="ImageException">An image is damaged.</exception>
    public void Flush()
    {
        if (_batch.IsEmpty)
            return;
        _batch.Read(_memory.Pages, _memory.Pagemap);
        _result.NotRead(_batch.Losses);
        var live = _batch.Pages;
        foreach (var run in _batch.Runs)
        {
            Compare(run.Range, live);
            live = live[(int)run.Range.Length..];
        }
        _batch.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _batch.Dispose();
        _imagePages.Dispose();
    }

    private void Compare(MemoryRange run, ReadOnlySpan<byte> live)
    {
        while (run.Length > 0)
        {
            while (_places.Peek().Range.End <= run.Start)
                _places.Dequeue();
            var (place, range) = _places.Peek();
            int length = (int)Math.Min(run.Length, range.End - run.Start);
            var image = _imagePages.Span[..length];
            place.Round!.Read(place.Offset + (run.Start - range.Start), image);
            ulong equal = 0;
            for (int at = 0; at < length; at += PageSize.Bytes)
                if (live.Slice(at, PageSize.Bytes).SequenceEqual(image.Slice(at, PageSize.Bytes)))
                    equal++;
                else
                    _result.Different(new MemoryRange(run.Start + (ulong)at, (ulong)PageSize.Bytes));
            _result.Equal(equal);
            live = live[length..];
            run = run.Skip((ulong)length);
        }
    }
}

/// <summary>Takes what <see cref="ChainComparer"/> finds: the ranges of each kind in ascending order.</summary>
internal interface IComparedPages
{
    /// <summary>So many pages have the same bytes.</summary>
    void Equal(ulong pages);

    /// <summary>Pages that have other bytes.</summary>
    void Different(MemoryRange pages);

    /// <summary>Pages that the images do not have; they are not read.</summary>
    void Missing(MemoryRange pages);

    /// <summary>What could not be read of the task's memory; all zero where everything could.</summary>
    void NotRead(Losses losses);
}
