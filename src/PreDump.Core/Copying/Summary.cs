using PreDump.Core.Reading;
using PreDump.Core.Select;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Copying;

/// <summary>What a pre-dump did, in figures.</summary>
public sealed class Summary
{
    private readonly Lock _adding = new(); // what is left out is found by one thread and lost by another
    private readonly SortedDictionary<string, (ulong Vmas, ulong Pages)> _leftOut = new(StringComparer.Ordinal);

    /// <summary>Processes, zombies included.</summary>
    public int Tasks { get; set; }

    /// <summary>Threads of all processes.</summary>
    public int Threads { get; set; }

    /// <summary>VMAs of all tasks, those left out included.</summary>
    public ulong Vmas { get; set; }

    /// <summary>Pages that were copied.</summary>
    public ulong PagesWritten { get; private set; }

    /// <summary>Pages that the parent has.</summary>
    public ulong PagesInParent { get; private set; }

    /// <summary>Those of them that were dirty in the freeze and hold what the parent has.</summary>
    public ulong PagesUnchanged { get; private set; }

    /// <summary>Pages that looked clean and were not certainly the parent's: compared with it, or copied where that could not be.</summary>
    public ulong PagesSuspect { get; private set; }

    /// <summary>Those of them that hold other bytes than the parent: moved there, and the kernel had not marked them.</summary>
    public ulong PagesMoved { get; private set; }

    /// <summary>Pages that had a fate at all: copied, in the parent, or lost on the way.</summary>
    public ulong PagesScanned => PagesWritten + PagesInParent + PagesLost;

    /// <summary>Pages that were chosen and could not be copied.</summary>
    public ulong PagesLost => SkippedPages("vanished") + SkippedPages("unreadable");

    /// <summary>From the first interrupt until the last thread had stopped.</summary>
    public TimeSpan Freezing { get; set; }

    /// <summary>From then until the last thread was let go.</summary>
    public TimeSpan Frozen { get; set; }

    /// <summary>The whole run.</summary>
    public TimeSpan Total { get; set; }

    /// <summary>Copying and writing, after the thaw.</summary>
    public TimeSpan Copying { get; set; }

    /// <summary>The part of it that chose the pages.</summary>
    public TimeSpan Scanning { get; set; }

    /// <summary>The part of it that compared pages with the parent's, of all threads together.</summary>
    public TimeSpan Comparing { get; private set; }

    /// <summary>Whether the kernel tracks dirty pages: without it these images can't be the parent of a final dump.</summary>
    public bool SoftDirty { get; set; }

    /// <summary>Where the images are.</summary>
    public string ImagesDirectory { get; set; } = "";

    /// <summary>Where the pages are, if not there.</summary>
    public string? PageServer { get; set; }

    /// <summary>Why pages were left out: a reason, whole VMAs, pages.</summary>
    public IEnumerable<KeyValuePair<string, (ulong Vmas, ulong Pages)>> Skipped => _leftOut;

    /// <summary>Tasks that ended, or became unreadable, while they were copied.</summary>
    public List<(TreeTask Task, bool NotPermitted)> GoneTasks { get; } = [];

    /// <summary>Notes the runs of a batch.</summary>
    public void Count(ReadOnlySpan<PageRun> runs)
    {
        foreach (var run in runs)
        {
            if (run.InParent)
                PagesInParent += run.Pages;
            else
                PagesWritten += run.Pages;
        }
    }

    /// <summary>Notes a VMA that a pre-dump leaves alone.</summary>
    public void LeaveOut(VmaKind kind, ulong pages)
    {
        Vmas++;
        Add(NameOf(kind), 1, pages);
    }

    /// <summary>Notes pages that could not be read.</summary>
    public void Lose(Losses losses)
    {
        if (losses.Vanished > 0)
            Add("vanished", 0, losses.Vanished);
        if (losses.Unreadable > 0)
            Add("unreadable", 0, losses.Unreadable);
    }

    /// <summary>Notes what comparing found.</summary>
    /// <param name="pages">What it found.</param>
    /// <param name="suspects">Pages that looked clean and had to be compared.</param>
    public void CountCompared(UnchangedPages pages, ulong suspects)
    {
        PagesUnchanged += pages.Count;
        PagesSuspect += suspects;
        PagesMoved += pages.Moved;
        Comparing += pages.Time;
    }

    /// <summary>Notes a task that was lost while it was copied.</summary>
    public void TaskGone(TreeTask task, bool notPermitted)
    {
        lock (_adding)
            GoneTasks.Add((task, notPermitted));
    }

    /// <summary>The pages that were left out for one reason.</summary>
    public ulong SkippedPages(string reason) => _leftOut.GetValueOrDefault(reason).Pages;

    /// <summary>The figures that CRIU keeps.</summary>
    public DumpStats ToDumpStats() => new()
    {
        FreezingMicroseconds = (uint)Freezing.TotalMicroseconds,
        FrozenMicroseconds = (uint)Frozen.TotalMicroseconds,
        MemdumpMicroseconds = (uint)Scanning.TotalMicroseconds,
        MemwriteMicroseconds = (uint)(Copying - Scanning).TotalMicroseconds,
        PagesScanned = PagesScanned,
        PagesSkippedParent = PagesInParent,
        PagesWritten = PagesWritten,
    };

    private void Add(string reason, ulong vmas, ulong pages)
    {
        lock (_adding)
        {
            var (oldVmas, oldPages) = _leftOut.GetValueOrDefault(reason);
            _leftOut[reason] = (oldVmas + vmas, oldPages + pages);
        }
    }

    private static string NameOf(VmaKind kind) => kind switch
    {
        VmaKind.Shared => "shared",
        VmaKind.Hugetlb => "hugetlb",
        VmaKind.Device => "device",
        VmaKind.AioRing => "aio_ring",
        VmaKind.Vvar => "vvar",
        VmaKind.Vsyscall => "vsyscall",
        VmaKind.Droppable => "droppable",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
