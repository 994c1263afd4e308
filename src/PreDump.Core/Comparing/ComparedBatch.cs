using System.Runtime.ExceptionServices;
using PreDump.Core.Reading;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Comparing;

/// <summary>A batch of a stopped task's pages, with where their bytes are in the images, compared by a thread of its own or by
/// the caller's. All calls come from one thread; the batch is its own thread's between <see cref="Start"/> and
/// <see cref="Finish"/>.</summary>
/// <param name="maxBytes">Bytes of a full batch, whole pages.</param>
public sealed class ComparedBatch(int maxBytes) : IDisposable
{
    private readonly PageBatch _batch = new(maxBytes);
    private readonly NativeBuffer _imagePages = new((ulong)maxBytes);
    private readonly Queue<(MemoryRange Pages, PageSource Source)> _sources = new();
    private readonly List<MemoryRange> _different = [];
    private readonly SemaphoreSlim _given = new(0), _done = new(0);
    private TaskMemory _memory = null!;
    private ExceptionDispatchInfo? _failure;
    private Thread? _thread;
    private bool _isUnderWay, _isOver;
    private ulong _equal;

    /// <summary>Begins with a task.</summary>
    public void Begin(StoppedMemory memory)
    {
        _memory = memory.Memory;
        Clear();
    }

    /// <summary>Adds as much of a run as there is room for.</summary>
    /// <param name="run">Above those before.</param>
    /// <param name="source">Where its first pages are in the images; the others follow them there.</param>
    /// <returns>The number of bytes that were added; 0 where the batch is full.</returns>
    public ulong Add(MemoryRange run, PageSource source)
    {
        var rest = run;
        if (!_batch.TryAdd(ref rest))
            return 0;
        ulong added = run.Length - rest.Length;
        _sources.Enqueue((run with { Length = added }, source));
        return added;
    }

    /// <summary>Lets its thread compare it; <see cref="Finish"/> waits for the result.</summary>
    public void Start()
    {
        if (_thread is null && !TryStartThread())
            return;
        _isUnderWay = true;
        _given.Release();
    }

    /// <summary>Reports the result; a batch that was not started is compared now. It is empty afterwards.</summary>
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

    // Where no more threads are allowed the caller's does the work.
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
        _sources.Clear();
        _batch.Begin(_memory);
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
        _batch.Read();
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
            while (_sources.Peek().Pages.End <= run.Start)
                _sources.Dequeue();
            var (pages, source) = _sources.Peek();
            int length = (int)Math.Min(run.Length, pages.End - run.Start);
            var image = _imagePages.Span[..length];
            source.Round!.Read(source.Offset + (run.Start - pages.Start), image);
            for (int at = 0; at < length; at += PageSize.Bytes)
            {
                if (live.Slice(at, PageSize.Bytes).SequenceEqual(image.Slice(at, PageSize.Bytes)))
                    _equal++;
                else
                    _different.Add(new MemoryRange(run.Start + (ulong)at, PageSize.Step));
            }
            live = live[length..];
            run = run.Skip((ulong)length);
        }
    }
}
