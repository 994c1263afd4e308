using System.Runtime.InteropServices;
using PreDump.Core.Parents;
using PreDump.Core.Reading;
using PreDump.Core.Select;
using PreDump.Core.Sinks;
using PreDump.Core.Snapshots;
using PreDump.Linux;

namespace PreDump.Core.Copying;

/// <summary>Copies the segments of shared memory that a tree maps, each once, into images as CRIU's final dump names them. Only
/// rounds by content can: soft-dirty is not tracked there. Another dump leaves these pages to the round only through a page
/// server that compares.</summary>
/// <param name="snapshot">The tree as it was in the freeze.</param>
/// <param name="parent">The parent images; null in a first round.</param>
/// <param name="sink">Where the pages go, when all tasks have theirs.</param>
/// <param name="share">How much of the machine the copy may have.</param>
/// <param name="summary">Counts the pages.</param>
public sealed class SegmentCopy(
    TreeSnapshot snapshot, ParentRound? parent, IPageSink sink, CopyShare share, Summary summary) : IDisposable
{
    private const int BatchBytes = 1024 * 1024;

    private readonly Lazy<NativeBuffer> _bytes = new(() => new NativeBuffer(BatchBytes)); // most trees share nothing
    private readonly UnchangedPages _unchanged = new(BatchBytes);
    private readonly List<PageRun> _runs = [];

    /// <summary>Copies all of them.</summary>
    /// <param name="progress">Called after each batch.</param>
    /// <param name="cancel">Ends it early.</param>
    public void Copy(Action progress, CancellationToken cancel)
    {
        var rate = share.MaxRate is { } most ? new RateLimit(most, cancel) : null;
        var taken = new HashSet<ulong>();
        foreach (var task in snapshot.Tasks)
        {
            var maps = new MapsReader(snapshot.Maps[task.Maps]);
            while (maps.TryRead(out var vma))
            {
                if (!SharedSegment.MayBe(vma))
                    continue;
                if (!taken.Contains(vma.Inode) && Open(task.Task, vma) is { } segment)
                {
                    using (segment)
                        Copy(segment, rate, progress, cancel);
                    taken.Add(segment.Inode);
                }
                if (taken.Contains(vma.Inode))
                    summary.Planned.TakeIn(VmaKind.Shared, vma.Pages);
            }
        }
        summary.Segments = taken.Count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_bytes.IsValueCreated)
            _bytes.Value.Dispose();
    }

    // The number in the maps and that of the file can differ on file systems in layers, and never for these.
    private static SharedSegment? Open(TreeTask task, in Vma vma)
    {
        var segment = SharedSegment.TryOpen(task.LiveTid, new MemoryRange(vma.Start, vma.End - vma.Start));
        if (segment?.Inode == vma.Inode)
            return segment;
        segment?.Dispose();
        return null;
    }

    private void Copy(SharedSegment segment, RateLimit? rate, Action progress, CancellationToken cancel)
    {
        using var pages = parent?.PagesOfSegment(segment.Inode);
        var images = sink.BeginSegment(segment.Inode);
        ulong at = 0;
        while (segment.NextData(at) is { } data)
        {
            for (at = data.Start / PageSize.Step * PageSize.Step; at < data.End;)
            {
                cancel.ThrowIfCancellationRequested();
                var range = new MemoryRange(at, Math.Min(PageSize.RoundUp(data.End) - at, BatchBytes));
                rate?.Take((int)range.Length);
                if (segment.TryRead(at, _bytes.Value.Span[..(int)range.Length]))
                    Deliver(range, pages, images);
                at = range.End;
                progress();
            }
        }
        images.End();
    }

    private void Deliver(MemoryRange range, ParentPages? parentPages, ITaskSink images)
    {
        var bytes = _unchanged.Separate(parentPages, range, _runs, _bytes.Value.Span[..(int)range.Length]);
        ulong slot = images.Reserve(CollectionsMarshal.AsSpan(_runs), bytes.Length);
        if (!bytes.IsEmpty)
            images.Write(slot, bytes);
        summary.Delivered.Count(_runs, _unchanged);
    }
}
