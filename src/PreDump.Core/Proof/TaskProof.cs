using System.Diagnostics;
using PreDump.Core.Comparing;
using PreDump.Core.Reading;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>Finds a task's pages that the images leave to their parents and that hold other bytes in memory than there. One task after the
/// other.</summary>
/// <param name="chain">The final dump, then the rounds before; the caller's.</param>
/// <param name="suspects">Tells which pages of a task have to be compared.</param>
/// <param name="figures">What is counted.</param>
public sealed class TaskProof(ImageChain chain, Func<TreeTask, IFrameSuspects> suspects, ProofFigures figures)
    : IComparedPages, IDisposable
{
    private const int MostThreads = 8; // more hardly compare faster, and each has its batch

    private static readonly int s_threads = Math.Min(Environment.ProcessorCount, MostThreads); // the tree that has them else stands still

    private readonly List<MemoryRange> _wrong = [];
    private ChainComparer? _comparer; // made for the first page that is compared: often there is none
    private ulong _unreadable;

    /// <summary>Looks at all pages of a task that its pagemap leaves to the parent.</summary>
    /// <param name="pagemap">The task's, of the final dump, behind its head.</param>
    /// <param name="first">Its first entry of pages in the parent.</param>
    /// <param name="task">The task.</param>
    /// <returns>Those that are wrong, ascending, no two of them adjacent.</returns>
    /// <exception cref="TreeException">The task has ended, or can't be read.</exception>
    /// <exception cref="ImageException">An image is damaged.</exception>
    public List<MemoryRange> Prove(PagemapReader pagemap, PagemapEntry first, TreeTask task)
    {
        (_unreadable, figures.Tasks) = (0, figures.Tasks + 1);
        _wrong.Clear();
        try
        {
            using var memory = StoppedMemory.Open(task);
            using var parents = ChainedPages.TryOpen(chain, ImageNames.Pagemap(task.ImagePid), PageSize.Bytes, round: 1);
            var frames = suspects(task);
            _comparer?.Begin(memory, parents, this);
            var entry = first;
            do
                if (entry.Flags.HasFlag(PageFlags.Parent))
                    Look(entry.Range(PageSize.Step), frames, memory, parents);
            while (pagemap.TryRead(out entry));
            long begun = Stopwatch.GetTimestamp();
            _comparer?.Flush();
            figures.CompareTime += Stopwatch.GetTimestamp() - begun;
        }
        catch (TaskGoneException)
        {
            throw new TreeException($"task {task} has ended while it was compared");
        }
        if (_unreadable > 0)
            throw new TreeException($"task {task}: pages that are there and can't be read: {_unreadable}; so they can't be proved");
        return Merged();
    }

    private void Look(MemoryRange pages, IFrameSuspects frames, StoppedMemory memory, ChainedPages? parents)
    {
        figures.InParent += PageSize.Pages(pages.Length);
        figures.LookedAt += PageSize.Pages(pages.Length);
        while (pages.Length > 0)
        {
            ulong bytes = frames.Ask(memory.Memory.Pagemap, pages, out bool suspect);
            if (suspect)
                Compare(pages with { Length = bytes }, memory, parents);
            pages = pages.Skip(bytes);
        }
    }

    private void Compare(MemoryRange pages, StoppedMemory memory, ChainedPages? parents)
    {
        long begun = Stopwatch.GetTimestamp();
        if (_comparer is null)
            (_comparer = new ChainComparer(s_threads)).Begin(memory, parents, this);
        _comparer.Add(pages);
        figures.Compared += PageSize.Pages(pages.Length);
        figures.CompareTime += Stopwatch.GetTimestamp() - begun;
    }

    // The two kinds of wrong pages are each in order, but not with one another.
    private List<MemoryRange> Merged()
    {
        _wrong.Sort(static (a, b) => a.Start.CompareTo(b.Start));
        var merged = new List<MemoryRange>();
        foreach (var run in _wrong)
            RunMerger.Add(merged, run);
        return merged;
    }

    private void Note(MemoryRange pages)
    {
        figures.Wrong += PageSize.Pages(pages.Length);
        RunMerger.Add(_wrong, pages); // so that few lists are long
    }

    /// <inheritdoc/>
    public void Dispose() => _comparer?.Dispose();

    void IComparedPages.Equal(ulong pages)
    {
    }

    void IComparedPages.Different(MemoryRange pages) => Note(pages);

    // A round before does not have it, and a restore would fail there.
    void IComparedPages.Missing(MemoryRange pages) => Note(pages);

    // What has vanished nobody will ask for. (In a tree that stands still nothing does.)
    void IComparedPages.NotRead(Losses losses) => _unreadable += losses.Unreadable;
}
