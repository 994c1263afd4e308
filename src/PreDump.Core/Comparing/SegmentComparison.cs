using PreDump.Core.Reading;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Comparing;

/// <summary>Compares the images of a segment of shared memory with the segment that a stopped tree maps. Memory is
/// streamed.</summary>
/// <param name="chain">The rounds; the caller's.</param>
public sealed class SegmentComparison(ImageChain chain)
{
    private const int BatchBytes = 256 * 1024;

    private readonly byte[] _live = new byte[BatchBytes], _image = new byte[BatchBytes];

    /// <summary>Compares those segments that the images have and the tree maps, if they may be read.</summary>
    /// <exception cref="ImageException">An image is damaged.</exception>
    public IEnumerable<TaskComparison> Run(StoppedTree tree)
    {
        var done = new HashSet<ulong>();
        foreach (var task in tree.Tasks)
        {
            if (task.LiveTid == 0)
                continue;
            foreach (var (id, mapping) in Mapped(task))
            {
                if (!done.Add(id) || !chain[0].Has(ImageNames.PagemapShmem(id)))
                    continue;
                using var segment = SharedSegment.TryOpen(task.LiveTid, mapping);
                if (segment is not null && segment.Inode == id)
                    yield return Compare(segment);
            }
        }
    }

    private static List<(ulong Id, MemoryRange Mapping)> Mapped(TreeTask task)
    {
        using var arena = new MapsArena(0);
        using var file = ProcFs.TryOpen(task.LiveTid, "maps");
        var mapped = new List<(ulong, MemoryRange)>();
        var maps = new MapsReader(file is null ? default : arena[arena.Read(file)]);
        while (maps.TryRead(out var vma))
            if (SharedSegment.MayBe(vma))
                mapped.Add((vma.Inode, new MemoryRange(vma.Start, vma.End - vma.Start)));
        return mapped;
    }

    private TaskComparison Compare(SharedSegment segment)
    {
        string name = ImageNames.PagemapShmem(segment.Inode);
        var comparison = new TaskComparison(0, null) { Segment = segment.Inode };
        using var images = ChainedPages.TryOpen(chain, name, PageSize.Bytes);
        ulong at = 0;
        while (segment.NextData(at) is { } data)
        {
            for (at = data.Start / PageSize.Step * PageSize.Step; at < data.End;)
            {
                PageSource source = default;
                ulong most = Math.Min(PageSize.RoundUp(data.End) - at, BatchBytes);
                ulong bytes = images is null ? most : PageSize.BytesOf(images.Locate(at, PageSize.Pages(most), out source));
                Compare(segment, new MemoryRange(at, bytes), source, comparison);
                at += bytes;
            }
        }
        comparison.Gone = Math.Max(LiveComparison.PagesInImages(chain, name), comparison.Known) - comparison.Known;
        return comparison;
    }

    private void Compare(SharedSegment segment, MemoryRange pages, PageSource source, IComparedPages result)
    {
        if (source.Round is not { } round)
        {
            result.Missing(pages);
            return;
        }
        var live = _live.AsSpan(0, (int)pages.Length);
        var image = _image.AsSpan(0, (int)pages.Length);
        if (!segment.TryRead(pages.Start, live))
        {
            result.NotRead(new Losses(PageSize.Pages(pages.Length), 0));
            return;
        }
        round.Read(source.Offset, image);
        for (int at = 0; at < live.Length; at += PageSize.Bytes)
        {
            if (live.Slice(at, PageSize.Bytes).SequenceEqual(image.Slice(at, PageSize.Bytes)))
                result.Equal(1);
            else
                result.Different(new MemoryRange(pages.Start + (ulong)at, PageSize.Step));
        }
    }
}
