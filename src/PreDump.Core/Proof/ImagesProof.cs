using System.Diagnostics;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>The pages that a task's images leave to their parents although the parents have different bytes.</summary>
/// <param name="Task">The task.</param>
/// <param name="Pages">The pages, ascending.</param>
public readonly record struct WrongPages(TreeTask Task, List<MemoryRange> Pages);

/// <summary>Reads each pagemap of a final dump, and proves the tasks that leave pages to the parent.</summary>
/// <param name="images">The final dump's images.</param>
/// <param name="tree">The stopped tree.</param>
/// <param name="proof">Proves one task at a time.</param>
/// <param name="figures">Updated with the times taken.</param>
/// <param name="log">Receives what was found.</param>
public sealed class ImagesProof(FinalImages images, StoppedTree tree, TaskProof proof, ProofFigures figures, IProofLog log)
{
    private readonly ILookup<int, TreeTask> _tasks = tree.Tasks.Where(task => task.LiveTid != 0).ToLookup(task => task.ImagePid);

    /// <summary>Finds the wrong pages of each task that has any.</summary>
    /// <exception cref="ImageException">An image is damaged.</exception>
    /// <exception cref="TreeException">A task can't be proved.</exception>
    public List<WrongPages> Run()
    {
        var found = new List<WrongPages>();
        long begun = Stopwatch.GetTimestamp();
        foreach (string name in images.Names)
            if (ImageNames.IsPagemap(name))
                ProvePagemap(name, found);
        figures.LookTime = Stopwatch.GetTimestamp() - begun - figures.CompareTime;
        return found;
    }

    private void ProvePagemap(string name, List<WrongPages> found)
    {
        using var pagemap = PagemapReader.Open(images.Directory, name, PageSize.Bytes);
        PagemapEntry entry;
        do
            if (!pagemap.TryRead(out entry))
                return; // all its pages are in the final images
        while (!entry.Flags.HasFlag(PageFlags.Parent));
        if (ImageNames.PidOfPagemap(name) is not { } pid)
        {
            log.Warn($"{name} leaves pages of shared memory to the parent: these are not checked");
            return;
        }
        var task = TaskOf(pid, name);
        var pages = proof.Prove(pagemap, entry, task);
        if (pages.Count == 0)
            return;
        ulong count = pages.Aggregate(0UL, static (sum, run) => sum + PageSize.Pages(run.Length));
        log.Say($"task {task}: pages left to the parents whose bytes differ now: {count}, the first at 0x{pages[0].Start:x}");
        found.Add(new WrongPages(task, pages));
    }

    private TreeTask TaskOf(int pid, string name) => _tasks[pid].ToList() switch
    {
        [var task] => task,
        [] => throw Unprovable(name, "no task of the tree has that pid"),
        _ => throw Unprovable(name, "more than one task of the tree has that pid"),
    };

    private static TreeException Unprovable(string name, string why) =>
        new($"{name} leaves pages to the parent, and {why}: they can't be proved");
}
