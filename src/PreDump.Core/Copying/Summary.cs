using PreDump.Core.Select;
using PreDump.Core.Tracking;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Copying;

/// <summary>What a pre-dump did, in figures. What has a setter is the round's own thread's to set, before the copy or after it;
/// the rest is counted while the copy runs, in two places that each say by whom.</summary>
public sealed class Summary
{
    /// <summary>What planning the copy counts.</summary>
    public PlanFigures Planned { get; } = new();

    /// <summary>What delivering the pages counts.</summary>
    public CopyFigures Delivered { get; } = new();

    /// <summary>Processes, zombies included.</summary>
    public int Tasks { get; set; }

    /// <summary>Threads of all processes.</summary>
    public int Threads { get; set; }

    /// <summary>Segments of shared memory that were copied, or left to the parent.</summary>
    public int Segments { get; set; }

    /// <summary>VMAs of all tasks, those left out included.</summary>
    public ulong Vmas => Planned.Vmas;

    /// <summary>Pages that were copied.</summary>
    public ulong PagesWritten => Delivered.PagesWritten;

    /// <summary>Pages that the parent has.</summary>
    public ulong PagesInParent => Delivered.PagesInParent;

    /// <summary>Those of them that were dirty in the freeze and hold what the parent has.</summary>
    public ulong PagesUnchanged => Delivered.PagesUnchanged;

    /// <summary>Pages that looked clean and were not certainly the parent's: compared with it, or copied where that could not
    /// be.</summary>
    public ulong PagesSuspect => Delivered.PagesSuspect;

    /// <summary>Those of them that hold other bytes than the parent: moved there, and the kernel had not marked them.</summary>
    public ulong PagesMoved => Delivered.PagesMoved;

    /// <summary>Pages that are there and could not be read in any way.</summary>
    public ulong PagesUnreadable => Delivered.Lost.Unreadable;

    /// <summary>Pages that had a fate at all: copied, in the parent, or lost on the way.</summary>
    public ulong PagesScanned => PagesWritten + PagesInParent + Delivered.Lost.Vanished + Delivered.Lost.Unreadable;

    /// <summary>The number of times that the tree was stopped until all of it stood still: 1, unless a thread could not
    /// stop.</summary>
    public int FreezeAttempts { get; set; } = 1;

    /// <summary>From the first interrupt until the last thread had stopped, and before it the time that the tree stood still in
    /// attempts that failed.</summary>
    public TimeSpan Freezing { get; set; }

    /// <summary>From then until the last thread was let go.</summary>
    public TimeSpan Frozen { get; set; }

    /// <summary>The whole run.</summary>
    public TimeSpan Total { get; set; }

    /// <summary>Copying and writing, after the thaw.</summary>
    public TimeSpan Copying { get; set; }

    /// <summary>The part of it that compared pages with the parent's, of all threads together.</summary>
    public TimeSpan Comparing => Delivered.Comparing;

    /// <summary>How changes are found, in this round and in the next one; null: they can't be, and these images can't be a
    /// parent.</summary>
    public TrackingMethod? Tracking { get; set; }

    /// <summary>Where the images are.</summary>
    public string ImagesDirectory { get; set; } = "";

    /// <summary>How many directories have them: that one, and its stripes.</summary>
    public int Stripes { get; set; } = 1;

    /// <summary>Where the pages are, if not there.</summary>
    public string? PageServer { get; set; }

    /// <summary>Bytes that went there over the network; null: the pages stayed here.</summary>
    public long? BytesSent { get; set; }

    /// <summary>What is not in the images.</summary>
    public IEnumerable<SkippedMemory> Skipped
    {
        get
        {
            foreach (var (kind, (vmas, pages)) in Planned.LeftOut)
                yield return new SkippedMemory(ReasonOf(kind), vmas, pages);
            if (Delivered.Lost.Vanished > 0)
                yield return new SkippedMemory(SkipReason.Vanished, 0, Delivered.Lost.Vanished);
            if (Delivered.Lost.Unreadable > 0)
                yield return new SkippedMemory(SkipReason.Unreadable, 0, Delivered.Lost.Unreadable);
        }
    }

    /// <summary>Tasks that ended, or became unreadable, while they were copied.</summary>
    public IReadOnlyList<(TreeTask Task, bool NotPermitted)> GoneTasks => Delivered.GoneTasks;

    /// <summary>The figures that CRIU keeps.</summary>
    public DumpStats ToDumpStats() => new()
    {
        FreezingMicroseconds = (uint)Freezing.TotalMicroseconds,
        FrozenMicroseconds = (uint)Frozen.TotalMicroseconds,
        MemdumpMicroseconds = (uint)Planned.Scanning.TotalMicroseconds,
        MemwriteMicroseconds = (uint)(Copying - Planned.Scanning).TotalMicroseconds,
        PagesScanned = PagesScanned,
        PagesSkippedParent = PagesInParent,
        PagesWritten = PagesWritten,
    };

    private static SkipReason ReasonOf(VmaKind kind) => kind switch
    {
        VmaKind.Shared => SkipReason.Shared,
        VmaKind.Hugetlb => SkipReason.Hugetlb,
        VmaKind.Device => SkipReason.Device,
        VmaKind.AioRing => SkipReason.AioRing,
        VmaKind.Vvar => SkipReason.Vvar,
        VmaKind.Vsyscall => SkipReason.Vsyscall,
        VmaKind.Droppable => SkipReason.Droppable,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
