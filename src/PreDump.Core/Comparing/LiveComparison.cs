using PreDump.Core.Reading;
using PreDump.Core.Select;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Comparing;

/// <summary>Compares images, each page found through the whole chain, with the memory of the stopped tree that they were made of:
/// the pages are chosen by the rules of a pre-dump. Memory is streamed.</summary>
/// <param name="chain">The rounds; the caller's.</param>
public sealed class LiveComparison(ImageChain chain) : IDisposable
{
    private readonly ChainComparer _comparer = new(threads: 1);

    /// <summary>Compares each task of the tree, then adds those that only the images know, and segments of shared
    /// memory.</summary>
    /// <exception cref="TreeException">The tree was not stopped all the time.</exception>
    /// <exception cref="ImageException">An image is damaged.</exception>
    public IEnumerable<TaskComparison> Run(StoppedTree tree)
    {
        var left = chain[0].Names().Select(ImageNames.PidOfPagemap).OfType<int>().ToHashSet();
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
            yield return new TaskComparison(pid, null) { Gone = PagesInImages(chain, ImageNames.Pagemap(pid)) };
        foreach (var segment in new SegmentComparison(chain).Run(tree))
        {
            tree.RefuseRunning();
            yield return segment;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _comparer.Dispose();

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
        using var images = ChainedPages.TryOpen(chain, ImageNames.Pagemap(task.ImagePid), PageSize.Bytes);
        using var memory = StoppedMemory.Open(task);
        _comparer.Begin(memory, images, comparison);
        var walk = new PageWalk(static (_, _) => { });
        walk.Begin(memory.Memory.Pagemap, new VmaRules(task.LiveTid));
        var maps = memory.Maps();
        while (walk.TryNext(ref maps, out var part))
            _comparer.Add(part);
        _comparer.Flush();
        ulong inImages = PagesInImages(chain, ImageNames.Pagemap(task.ImagePid));
        comparison.Gone = Math.Max(inImages, comparison.Known) - comparison.Known;
        return comparison;
    }

    internal static ulong PagesInImages(ImageChain chain, string name)
    {
        if (!chain[0].Has(name))
            return 0;
        using var pagemap = PagemapReader.Open(chain[0], name, PageSize.Bytes);
        ulong pages = 0;
        while (pagemap.TryRead(out var entry))
            pages += entry.NrPages;
        return pages;
    }
}
