using System.Runtime.ExceptionServices;
using PreDump.Core.Reading;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Comparing;

/// <summary>A batch of a stopped task's pages with the places of their bytes in the images, compared in a thread of its own or in the
/// caller's.</summary>
/// <param name="maxBytes">Bytes of a full batch, whole pages.</param>
public sealed class ComparedBatch(int maxBytes) : IDisposable
{
    private readonly PageBatch _batch = new(maxBytes);
    private readonly NativeBuffer _imagePages = new((ulong)maxBytes);
    private readonly Queue<(PageSource Place, MemoryRange Range)> _places = new();
    private readonly List<MemoryRange> _different = [];
    private readonly SemaphoreSlim _given = new(0), _done = new(0);
    private StoppedMemory _memory = null!;
    private ExceptionDispatchInfo? _failure;
    private Thread? _thread;
    private bool _isUnderWay, _isOver;
    private ulong _equal;

    /// <summary>Begins with a task.</summary>
    public void Begin(StoppedMemory memory)
    {
        _memory = memory;
        _batch.RoomToSwapIn = memory.RoomToSwapIn;
        Clear();
    }

    /// <summary>Notes where the next pages that are added are in the images.</summary>
    public void Place(PageSource place, MemoryRange pages) => _places.Enqueue((place, pages));

    /// <summary>Adds as much of a run as there is room for, and takes that off it. False where the batch is full.</summary>
    public bool TryAdd(ref MemoryRange run) => _batch.TryAdd(ref run, inParent: false);

    /// <summary>Has it compared by its thread; <see cref="Finish"/> gives the result.</summary>
    public void Start()
    {
        if (_thread is null && !TryStartThread())
            return;
        _isUnderWay = true;
        _given.Release();
    }

    /// <summary>Tells the result, when it is there; what was not started is compared now. Empty afterwards.</summary>
    public void Finish(IComparedPages result)
    {
        if (_isUnderWay)
            Await();
        else if (!_batch.IsEmpty)
            Compare();
        _failure?.Throw();
        result.NotRead(_batch.Losses);
        foreach (var pages in _different)
            result.Different(pages);
        result.Equal(_equal);
        Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isUnderWay)
            Await();
        _isOver = true;
        _given.Release();
        _thread?.Join();
        _batch.Dispose();
        _imagePages.Dispose();
        _given.Dispose();
        _done.Dispose();
    }

    // Where no more threads are allowed the caller's has to do.
    private bool TryStartThread()
    {
        try
        {
            (_thread = new Thread(Work) { IsBackground = true, Name = "compare" }).Start();
            return true;
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            _thread = null;
            return false;
        }
    }

    private void Await()
    {
        _done.Wait();
        _isUnderWay = false;
    }

    private void Clear()
    {
        (_equal, _failure) = (0, null);
        _different.Clear();
        _places.Clear();
        _batch.Clear();
    }

    private void Work()
    {
        for (_given.Wait(); !_isOver; _given.Wait())
        {
            try
            {
                Compare();
            }
            catch (Exception e)
            {
                _failure = ExceptionDispatchInfo.Capture(e);
            }
            _done.Release();
        }
    }

    private void Compare()
    {
        _batch.Read(_memory.Pages, _memory.Pagemap);
        var live = _batch.Pages;
        foreach (var run in _batch.Runs)
        {
            Compare(run.Range, live);
            live = live[(int)run.Range.Length..];
        }
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
            for (int at = 0; at < length; at += PageSize.Bytes)
                if (live.Slice(at, PageSize.Bytes).SequenceEqual(image.Slice(at, PageSize.Bytes)))
                    _equal++;
                else
                    _different.Add(new MemoryRange(run.Start + (ulong)at, PageSize.Ulong));
            live = live[length..];
            run = run.Skip((ulong)length);
        }
    }
}
