using PreDump.Core.Reading;
using PreDump.Core.Select;
using PreDump.Core.Sinks;
using PreDump.Core.Tracking;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Parents;

/// <summary>The previous round, and which tasks of the current tree it contains. <see cref="Has"/> is called in the freeze, on
/// its thread; the other members before the freeze or after the thaw, by one thread at a time.</summary>
public sealed class ParentRound : IDisposable
{
    // Opening the parent's images takes as long as writing about 100 KiB. A small task has too few pages to tell whether
    // comparing pays off, so small tasks are judged together.
    private const ulong MinCompared = 256 * 1024, MinJudgedAlone = 16 * 1024 * 1024; // bytes

    private readonly ParentDirectory _directory;
    private readonly ulong? _dumpUptime; // null: which of the two is older does not matter
    private readonly IParentIndex _index;
    private readonly ParentFrames? _frames;
    private readonly bool _compare, _compareAll, _local;
    private readonly IObserver _observer;
    private readonly Payoff _payoffOfSmallTasks = new();

    private ParentRound(
        ParentDirectory directory,
        ParentRequest request,
        IDirtyTracker tracker,
        Func<IParentIndex>? openRemote,
        IObserver observer)
    {
        (_directory, _compare, _local, _observer) = (directory, request.Compare, openRemote is null, observer);
        _compareAll = tracker.ComparesAll;
        if (!_compareAll)
        {
            Claim = new ParentClaim(directory, observer);
            _dumpUptime = UptimeOf(directory, Claim);
        }
        _index = openRemote is null
            ? new LocalParentIndex(directory.Images, _compareAll ? ImageChain.MaxLength : LocalParentIndex.MostForFew)
            : openRemote();
        if (!tracker.IsTrusted)
            _frames = ParentFrames.Open(directory.Images, _dumpUptime!.Value, _local);
    }

    /// <summary>The current round's claim on its parent; null if it resets nothing that another round relies on.</summary>
    public ParentClaim? Claim { get; }

    /// <summary>A warning about how moved pages are detected, to be shown once the round is under way; null for none.</summary>
    public string? Warning => _frames?.Warning;

    /// <summary>Checks pages that look clean before they are left to the parent; null if soft-dirty is trusted. For one task at a
    /// time.</summary>
    public FrameCheck? Check => _frames?.Check;

    /// <summary>Opens the parent images; null if none are requested. Throws rather than silently making a full copy.</summary>
    /// <param name="request">The parent, and the tree that it must be of.</param>
    /// <param name="images">The directory of the current round.</param>
    /// <param name="tracker">The dirty tracker.</param>
    /// <param name="openRemote">Opens the parent's pagemaps on a page server; null if they are next to the parent's
    /// inventory.</param>
    /// <param name="observer">Receives notes about new tasks.</param>
    /// <exception cref="PreDumpException">The images can't be the parent.</exception>
    /// <exception cref="ImageException">The images are damaged or incomplete.</exception>
    public static ParentRound? Open(
        ParentRequest request, RoundDirectory images, IDirtyTracker tracker, Func<IParentIndex>? openRemote, IObserver observer)
    {
        if (request.Directory is not { } previous)
        {
            if (images.ParentLink is { } link)
                throw new PreDumpException($"images directory {images.Path} has a parent link to {link}: "
                    + $"give {link} as the parent, or use an empty directory", RoundInput.Parent);
            return null;
        }
        if (!tracker.Works)
            throw new PreDumpException("this kernel does not track changed memory (no soft-dirty), so changes since the parent "
                + "are not known: go on by content, or give no parent for a full copy",
                RoundInput.Tracking, RoundInput.Parent, RoundInput.Kernel);
        var directory = new ParentDirectory(images.OpenPrevious(previous));
        ParentRound? round = null;
        try
        {
            if (directory.IsClaimed && !tracker.ComparesAll)
                throw new PreDumpException($"a round on {directory.Path} was begun but not finished "
                    + $"({ImageNames.ClaimedInventory}), so what changed since is not known: begin with a full round",
                    RoundInput.Parent);
            if (directory.LinkedInventory is { } real) // the marks would be made here, and the round there be used twice
                throw new PreDumpException($"{directory.Images.PathOf(ImageNames.Inventory)} is a symbolic link to {real}: "
                    + "give the directory in which the round was made", RoundInput.Parent);
            round = new ParentRound(directory, request, tracker, openRemote, observer);
            round.RefuseOtherTree(request.Tree);
            round.RefuseDamage();
            return round;
        }
        catch
        {
            round?.Dispose();
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Notes in the parent that a round by content will need its pages: before the round is complete, so that none that
    /// is complete can be unknown there.</summary>
    /// <param name="child">The round's directory.</param>
    public void Announce(string child)
    {
        if (Claim is null && _local)
            ChildrenByContent.Note(_directory.Images, child, _observer);
    }

    /// <summary>Notes in the parent that a round on it is complete.</summary>
    /// <param name="child">The round's directory.</param>
    /// <param name="uptime">The round's dump_uptime, in microseconds since boot.</param>
    public void Complete(string child, ulong uptime) => Claim?.Complete(child, uptime);

    /// <summary>Whether the parent has this task: a pagemap for its pid, and the pid has not been reused since. Other tasks are
    /// copied in full. Neither blocks nor allocates.</summary>
    public bool Has(TreeTask task) => _index.Has(task.ImagePid) && !IsYounger(task.StartTime);

    /// <summary>Opens the parent's pagemap of a task; null if the parent does not have this task.</summary>
    /// <exception cref="ImageException">The pagemap is damaged.</exception>
    public IParentCoverage? OpenPagemap(TreeTask task)
    {
        if (Has(task))
            return _index.Open(task.ImagePid);
        if (_index.Has(task.ImagePid))
            _observer.Warn($"task {task} is not the parent's task with that pid (pid reuse): it is copied in full");
        else
            _observer.Note($"task {task} is new since the parent: it is copied in full");
        return null;
    }

    /// <summary>The parent's pages of a task, for comparing; null if nothing is compared.</summary>
    /// <param name="task">The task.</param>
    /// <param name="dirty">The number of bytes that were dirty in the freeze; null if that is not known.</param>
    public ParentPages? PagesOf(TreeTask task, ulong? dirty)
    {
        var payoff = _compareAll ? Payoff.Always
            : !_compare || dirty is null or < MinCompared ? null
            : dirty < MinJudgedAlone ? _payoffOfSmallTasks
            : new Payoff();
        return _local && Has(task) && (payoff is not null || _frames is not null)
            ? new ParentPages($"task {task}", () => _index.OpenPages(ImageNames.Pagemap(task.ImagePid)), payoff, _observer)
            : null;
    }

    /// <summary>The parent's pages of a segment of shared memory, for comparing; null if they are not here.</summary>
    /// <param name="id">The segment's inode number.</param>
    public ParentPages? PagesOfSegment(ulong id) => _local
        ? new ParentPages($"segment {id}", () => _index.OpenPages(ImageNames.PagemapShmem(id)), Payoff.Always, _observer)
        : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        _frames?.Dispose();
        _index.Dispose();
        Claim?.Dispose();
        _directory.Dispose();
    }

    // Before the freeze, because once dirty tracking is reset, the changes since the right parent are lost.
    private void RefuseOtherTree(TreeRoot root)
    {
        if (_compareAll && !_local) // who compares is the page server, which knows its own parent
            return;
        bool isMissing = !_index.Has(root.ImagePid);
        if (isMissing ? !Ksm.MayMerge(root.Pid) : IsYounger(root.StartTime)) // a mergeable root was left out of the parent
            throw new PreDumpException($"{_index.Where} has no images of task {root}: {_index.Advice}, "
                + "or give no parent for a full copy", RoundInput.Parent);
    }

    // Reads the complete chain once, because damage found after the tracking is reset, or by the restore, would come too late.
    private void RefuseDamage() => ImageCheck.RefuseUnsound(_directory.Images, PageSize.Bytes,
        "give the images of an intact round, or no parent for a full copy", claimedIsSound: _compareAll);

    private static ulong UptimeOf(ParentDirectory directory, ParentClaim claim)
    {
        claim.RefuseSuperseded();
        ulong uptime = ParentInventory.DumpUptime(directory.Images);
        return uptime <= ProcFs.UptimeMicroseconds() ? uptime
            : throw new PreDumpException($"the images in {directory.Path} are from before this machine booted: "
                + "begin with a full round, or go on by content", RoundInput.Parent, RoundInput.Tracking);
    }

    // CRIU's rule for pid reuse: the task started at or after the parent's dump, in clock ticks. (False for null.)
    private bool IsYounger(ulong startTime) => startTime >= _dumpUptime / (1_000_000 / (ulong)ClockTicks.PerSecond);
}

/// <summary>The parent requested for a round.</summary>
/// <param name="Tree">The root of the tree.</param>
/// <param name="Directory">The parent's directory, relative to the round's; null for a first round.</param>
/// <param name="Compare">Whether a written page is left to the parent if the parent has the same bytes.</param>
public sealed record ParentRequest(TreeRoot Tree, string? Directory, bool Compare = true);
