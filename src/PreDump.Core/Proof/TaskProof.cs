using System.Diagnostics;
using PreDump.Core.Comparing;
using PreDump.Core.Reading;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>Finds a task's wrong pages: those that the images leave to their parents although their bytes in memory differ from
/// the parents'. For one task at a time, on one thread.</summary>
/// <param name="chain">The final dump and the rounds before it; owned by the caller.</param>
/// <param name="suspects">Decides which pages of a task must be compared.</param>
/// <param name="figures">Updated with what was counted.</param>
public sealed class TaskProof(ImageChain chain, Func<TreeTask, IFrameSuspects> suspects, ProofFigures figures)
    : IComparedPages, IDisposable
{
    private const int MaxThreads = 8; // more would hardly compare faster, and each one needs a batch

    // All CPUs, because the tree that would otherwise use them is stopped.
    private static readonly int s_threads = Math.Min(Environment.ProcessorCount, MaxThreads);

    private readonly List<MemoryRange> _wrong = [];
    private ChainComparer? _comparer; // created for the first page that is compared, because often there is none
    private ulong _unreadable;

    /// <summary>Checks all pages of a task that its pagemap leaves to the parent.</summary>
    /// <param name="pagemap">The task's pagemap in the final dump, after <paramref name="first"/>.</param>
    /// <param name="first">The first entry of pages left to the parent.</param>
    /// <param name="task">The task.</param>
    /// <returns>The wrong pages as ascending ranges that are not adjacent.</returns>
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
                    ProveRun(entry.Range(PageSize.Step), frames, memory, parents);
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
            throw new TreeException($"task {task}: pages that exist but can't be read: {_unreadable}; so they can't be proved");
        return Merged();
    }

    private void ProveRun(MemoryRange pages, IFrameSuspects frames, StoppedMemory memory, ChainedPages? parents)
    {
        figures.InParent += PageSize.Pages(pages.Length);
        figures.LookedAt += PageSize.Pages(pages.Length);
        while (pages.Length > 0)
        {
            ulong bytes = frames.Classify(memory.Memory.Pagemap, pages, out bool suspect);
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

    // Different and missing pages each ascend, but are interleaved.
    private List<MemoryRange> Merged()
    {
        _wrong.Sort(static (a, b) => a.Start.CompareTo(b.Start));
        var merged = new List<MemoryRange>();
        foreach (var run in _wrong)
            RunMerger.Add(merged, run);
        return merged;
    }

    private void AddWrong(MemoryRange pages)
    {
        figures.Wrong += PageSize.Pages(pages.Length);
        RunMerger.Add(_wrong, pages); // keeps the list short
    }

    /// <inheritdoc/>
    public void Dispose() => _comparer?.Dispose();

    void IComparedPages.Equal(ulong pages)
    {
    }

    void IComparedPages.Different(MemoryRange pages) => AddWrong(pages);

    // No earlier round has the page, so a restore would fail.
    void IComparedPages.Missing(MemoryRange pages) => AddWrong(pages);

    // Vanished pages need no proof. (In a stopped tree none vanish.)
    void IComparedPages.NotRead(Losses losses) => _unreadable += losses.Unreadable;
}
