using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Engine;

/// <summary>Compares images, each page found through the whole chain, with the memory of the stopped tree that they were made of:
/// the pages are chosen by the rules of a pre-dump. Memory is streamed.</summary>
/// <param name="chain">As <see cref="ImageChain.Walk"/> gives it.</param>
internal sealed class LiveComparison(IReadOnlyList<ImageDirectory> chain) : IDisposable
{
    private readonly PageBatch _batch = new();
    private readonly NativeBuffer _imagePages = new(PageBatch.MaxBytes);
    private readonly Queue<(PagePlace Place, MemoryRange Range)> _places = new();

    /// <summary>Compares each task of the tree, then tells of those that only the images know.</summary>
    /// <exception cref="TreeException">The tree was not stopped all the time.</exception>
    /// <exception cref="ImageException">An image is damaged.</exception>
    public IEnumerable<TaskComparison> Run(StoppedTree tree)
    {
        var left = Directory.EnumerateFiles(chain[0].Path).Select(path => ImageNames.PidOfPagemap(Path.GetFileName(path))).OfType<int>().ToHashSet();
        foreach (var task in tree.Tasks)
        {
            if (task.LiveTid == 0)
                continue;
            left.Remove(task.ImagePid);
            var comparison = CompareLiving(task);
            tree.RefuseRunning();
            yield return comparison;
        }
        foreach (int pid in left.Order())
            yield return new TaskComparison(pid, null) { Gone = PagesInImages(pid) };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _batch.Dispose();
        _imagePages.Dispose();
    }

    private TaskComparison CompareLiving(TreeTask task)
    {
        try
        {
            return Compare(task);
        }
        catch (TaskGoneException)
        {
            throw new TreeException($"task {task} has ended while it was compared");
        }
    }

    private TaskComparison Compare(TreeTask task)
    {
        var comparison = new TaskComparison(task.ImagePid, task);
        _places.Clear();
        using var images = ChainedPages.TryOpen(chain, ImageNames.Pagemap(task.ImagePid), PageSize.Bytes);
        using var memory = RemoteMemory.TryOpen(task) ?? throw new TaskGoneException(notPermitted: false);
        using var pagemap = Pagemap.Open(task.LiveTid);
        using var arena = new MapsArena(0);
        task.OpenFiles(FreezeFiles.None);
        Range text = task.Maps is { } file ? arena.Read(file) : default;
        task.CloseFiles();
        var maps = new MapsReader(arena[text]);
        _batch.RoomToSwapIn = new RoomToSwapIn(task, memory, () => new MapsReader(arena[text]), CancellationToken.None);

        var walk = new PageWalk(static (_, _) => { });
        walk.Begin(pagemap, new VmaRules(task.LiveTid));
        while (walk.TryNext(ref maps, out var part))
            Plan(part, images, comparison, memory, pagemap);
        Flush(comparison, memory, pagemap);
        ulong known = comparison.Equal + comparison.Different + comparison.Unreadable;
        comparison.Gone = Math.Max(PagesInImages(task.ImagePid), known) - known;
        return comparison;
    }

    // Splits a range by where its pages are in the images.
    private void Plan(MemoryRange part, ChainedPages? images, TaskComparison comparison, RemoteMemory memory, Pagemap pagemap)
    {
        while (part.Length > 0)
        {
            PagePlace place = default;
            ulong bytes = (images?.Locate(part.Start, PageSize.Pages(part.Length), out place) * (ulong)PageSize.Bytes) ?? part.Length;
            var run = new MemoryRange(part.Start, bytes);
            part = part.Skip(bytes);
            if (place.Round is null)
            {
                comparison.Note(run, missing: true);
                continue;
            }
            _places.Enqueue((place, run));
            while (run.Length > 0)
                if (!_batch.TryAdd(ref run, inParent: false))
                    Flush(comparison, memory, pagemap);
        }
    }

    private void Flush(TaskComparison comparison, RemoteMemory memory, Pagemap pagemap)
    {
        if (_batch.IsEmpty)
            return;
        _batch.Read(memory, pagemap);
        comparison.Unreadable += _batch.Losses.Vanished + _batch.Losses.Unreadable;
        var live = _batch.Pages;
        foreach (var run in _batch.Runs)
        {
            CompareRun(run.Range, live, comparison);
            live = live[(int)run.Range.Length..];
        }
        _batch.Clear();
    }

    private void CompareRun(MemoryRange run, ReadOnlySpan<byte> live, TaskComparison comparison)
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
                    comparison.Equal++;
                else
                    comparison.Note(new MemoryRange(run.Start + (ulong)at, (ulong)PageSize.Bytes), missing: false);
            live = live[length..];
            run = run.Skip((ulong)length);
        }
    }

    private ulong PagesInImages(int pid)
    {
        string path = Path.Combine(chain[0].Path, ImageNames.Pagemap(pid));
        if (!File.Exists(path))
            return 0;
        using var pagemap = PagemapReader.Open(path, PageSize.Bytes);
        ulong pages = 0;
        while (pagemap.TryRead(out var entry))
            pages += entry.NrPages;
        return pages;
    }
}
