using System.Diagnostics;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>Pages of a task that its images leave to their parents and that hold other bytes there.</summary>
public readonly record struct WrongPages(TreeTask Task, List<MemoryRange> Pages);

/// <summary>Looks at each pagemap of a final dump, and has the tasks proved that leave pages to the parent.</summary>
public sealed class ImagesProof(FinalImages images, StoppedTree tree, TaskProof proof, ProofFigures figures, IProofLog log)
{
    private readonly ILookup<int, TreeTask> _tasks = tree.Tasks.Where(task => task.LiveTid != 0).ToLookup(task => task.ImagePid);

    /// <summary>The wrong pages of each task that has any.</summary>
    /// <exception cref="ImageException">An image is damaged.</exception>
    /// <exception cref="TreeException">A task can't be proved.</exception>
    public List<WrongPages> Run()
    {
        var found = new List<WrongPages>();
        long begun = Stopwatch.GetTimestamp();
        foreach (string name in images.Names)
            if (ImageNames.IsPagemap(name))
                Look(name, found);
        figures.LookTime = Stopwatch.GetTimestamp() - begun - figures.CompareTime;
        return found;
    }

    private void Look(string name, List<WrongPages> found)
    {
        using var pagemap = PagemapReader.Open(images.Directory, name, PageSize.Bytes);
        PagemapEntry entry;
        do
            if (!pagemap.TryRead(out entry))
                return; // all its pages are in the final images
        while (!entry.Flags.HasFlag(PageFlags.Parent));
        if (ImageNames.PidOfPagemap(name) is not { } pid)
        {
            log.Warn($"{name} leaves pages of shared memory to the parent: those are not looked at");
            return;
        }
        var task = TaskOf(pid, name);
        var pages = proof.Prove(pagemap, entry, task);
        if (pages.Count == 0)
            return;
        ulong count = pages.Aggregate(0UL, static (sum, run) => sum + PageSize.Pages(run.Length));
        log.Say($"task {task}: pages left to parents that hold other bytes by now: {count}, the first at 0x{pages[0].Start:x}");
        found.Add(new WrongPages(task, pages));
    }

    private TreeTask TaskOf(int pid, string name) => _tasks[pid].ToList() switch
    {
        [var task] => task,
        [] => throw new TreeException($"{name} leaves pages to the parent, and no task of the tree has that pid: they can't be proved"),
        _ => throw new TreeException($"{name} leaves pages to the parent, and more than one task of the tree has that pid: they can't be proved"),
    };
}
