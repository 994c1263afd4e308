using System.Diagnostics;
using PreDump.Core.Copying;
using PreDump.Core.Maintenance;
using PreDump.Core.Parents;
using PreDump.Core.Sinks;
using PreDump.Core.Snapshots;
using PreDump.Core.Tracking;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Rounds;

/// <summary>One round, from the running tree to its images:
/// <code>
///   open the parent --> parent link --> freeze --> maps, dirty pages, reset --> thaw --> copy and write --> inventory
///                                       |&lt;------- the tree is frozen -------->|
/// </code>
/// In a first round all is copied, so that the reset comes before the freeze, and only the maps are read in it.
/// Once tracking is reset, a round that fails costs the parent. So what the environment may refuse is done before the
/// freeze, or tried there, or the round does without it.</summary>
/// <param name="request">The request.</param>
/// <param name="images">The directory for the images; with a remote, for the inventory and the frame ledger only.</param>
/// <param name="remote">Receives the pages instead of the images directory; null for none.</param>
/// <param name="observer">Receives progress and messages.</param>
public sealed class Round(RoundRequest request, RoundDirectory images, IRemoteRound? remote, IRoundObserver observer)
{
    // inventory_entry.pre_dump_mode: with this value CRIU does not expect unreadable memory to be in the parent.
    private const uint ReadMode = 2;

    private readonly IDirtyTracker _tracker =
        Trackers.Choose(request.Tracking, request.TrustSoftDirty, request.Parent, images);

    /// <summary>Runs the round. If it throws, disposing of the <see cref="RoundDirectory"/> removes what was written.</summary>
    /// <param name="cancel">Ends the round early.</param>
    /// <exception cref="KnownFailureException">The tree, the parent or the images directory can't be used.</exception>
    /// <exception cref="LinuxException">A system call failed, because of missing permissions or a full disk for
    /// example.</exception>
    /// <exception cref="OperationCanceledException">The round was cancelled.</exception>
    public Summary Run(CancellationToken cancel)
    {
        Func<IParentIndex>? openRemote = remote is null ? null : remote.OpenParent;
        using var parent = ParentRound.Open(request.Parent, images, _tracker, openRemote, observer);
        if (!_tracker.Works)
            observer.Warn("this kernel does not track changed memory (no soft-dirty): the images are a full copy, but the final "
                + "criu dump can't use them as its parent; a chain by content can", RoundInput.Tracking, RoundInput.Kernel);
        Link(request.Parent.Directory, directories: remote is null ? request.Stripes ?? 1 : 1);
        if (_tracker.ComparesAll)
            images.Create(ImageNames.ByContent).Close();
        using var ledger = NotesFrames ? new FrameLedgerWriter(images.Create(ImageNames.Frames)) : null;

        using var snapshot = Freeze(parent, cancel);
        if (remote is null && parent is null && request.Stripes is null)
            StripeIfLarge(snapshot);
        var summary = SummaryOf(snapshot);
        using (var sink = remote?.Sink ?? new DirectorySink(images, request.Direct ? new DirectIo(observer) : null))
        {
            Copy(snapshot, parent, sink, ledger, summary, cancel);
            sink.Complete();
        }
        summary.BytesSent = remote?.BytesSent;
        summary.Total = Stopwatch.GetElapsedTime(request.Asked);
        observer.Written(summary);
        cancel.ThrowIfCancellationRequested();
        Span<byte> inventory = stackalloc byte[InventoryImage.MaxBytes];
        parent?.Announce(images.PresentPath);
        images.Complete(inventory[..InventoryImage.Write(inventory, snapshot.Uptime, ReadMode)]);
        parent?.Complete(images.PresentPath, snapshot.Uptime);
        if (parent is not null && request.AutoDedup && remote is null) // last, because only a complete round replaces pages
            Dedup.RunAfterRound(images.OpenImages, observer);
        return summary;
    }

    private void Link(string? previous, int directories)
    {
        if (previous is not null)
            images.RefuseTooLong(previous, directories);
        if (directories > 1)
            images.MakeStripes(directories, previous);
        else if (previous is not null)
            images.LinkParent(previous);
    }

    private bool NotesFrames => _tracker is { Works: true, IsTrusted: false } && PageFrames.AreVisible;

    private TreeSnapshot Freeze(ParentRound? parent, CancellationToken cancel)
    {
        if (parent is null)
            ResetRunning(cancel);
        using var cgroup = request.FreezeCgroup is { } path ? new CgroupFreezer(path) : null;
        var freeze = new FreezeRequest(request.Tree, request.Timeout, _tracker.Files(hasParent: parent is not null), cgroup);
        parent?.Claim?.Take();
        var snapshot = TreeSnapshot.Take(freeze, _tracker, parent, cancel);
        try
        {
            observer.Thawed();
            if (parent?.Warning is { } warning) // not earlier, so that a refused round reports only the reason
                observer.Warn(warning, RoundInput.TrustSoftDirty);
            if (snapshot.Attempts is { Failed: > 0 } attempts)
                observer.Note($"{attempts.Why}: the tree was let go {attempts.Failed} times before it could be frozen, and stood "
                    + $"still for {attempts.StoodStill.TotalMilliseconds:0} ms in these attempts");
            var frozen = snapshot.Freezing + snapshot.Frozen;
            observer.Detail($"frozen: {(long)frozen.TotalMicroseconds} us for {snapshot.ProcessCount} tasks, with "
                + $"{snapshot.AllocatedInFreeze} bytes of managed memory allocated");
            foreach (var (task, why) in snapshot.LeaveOutMissed(_tracker))
                observer.Warn($"task {task} {why}: the task is left out, and the final criu dump copies all of it");
            return snapshot;
        }
        catch
        {
            snapshot.Dispose();
            throw;
        }
    }

    private void ResetRunning(CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        if (_tracker.ResetRunning(request.Tree, request.Timeout, cancel) is { } left)
            observer.Detail($"dirty tracking reset in {(long)Stopwatch.GetElapsedTime(start).TotalMicroseconds} us "
                + $"while the tree ran; {left} tasks left to the freeze");
    }

    // After the freeze, because it depends on the tree's size. In a first round nothing is lost if it fails.
    private void StripeIfLarge(TreeSnapshot snapshot)
    {
        int count = StripeCount.OfFirstRound(request.Share, snapshot.ExpectedBytes);
        if (count == 1)
            return;
        try
        {
            images.MakeStripes(count, parent: null);
        }
        catch (PreDumpException e)
        {
            observer.Detail($"the pages go to one directory: {e.Message}");
        }
    }

    private Summary SummaryOf(TreeSnapshot snapshot) => new()
    {
        Tasks = snapshot.ProcessCount,
        Threads = snapshot.ThreadCount,
        FreezeAttempts = snapshot.Attempts.Failed + 1,
        Freezing = snapshot.Freezing,
        Frozen = snapshot.Frozen,
        Tracking = _tracker.ComparesAll ? TrackingMethod.Content : _tracker.Works ? TrackingMethod.SoftDirty : null,
        ImagesDirectory = images.Path,
        Stripes = 1 + (images.Stripes?.Count ?? 0),
        PageServer = remote?.Name,
    };

    private void Copy(
        TreeSnapshot snapshot,
        ParentRound? parent,
        IPageSink sink,
        FrameLedgerWriter? ledger,
        Summary summary,
        CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        ledger?.Begin(new FrameLedgerHead(snapshot.Uptime, ProcFs.BootId(), Relocations.Count()));
        observer.Copying(snapshot.ExpectedBytes);
        using (var copier = new TreeCopier(snapshot, parent, sink, ledger, request.Share, summary, observer))
            copier.Copy(() => observer.Copied(summary.PagesWritten + summary.PagesInParent), cancel);
        if (_tracker.ComparesAll)
        {
            using var segments = new SegmentCopy(snapshot, parent, sink, request.Share, summary);
            segments.Copy(() => observer.Copied(summary.PagesWritten + summary.PagesInParent), cancel);
        }
        ledger?.Complete();
        foreach (var (task, notPermitted) in summary.GoneTasks)
            observer.Note(notPermitted
                ? $"task {task} now runs a program that may not be read: its images end there; the next round copies it in full"
                : $"task {task} ended while it was being copied");
        summary.Copying = Stopwatch.GetElapsedTime(start);
        if (summary.PagesUnreadable is > 0 and var unreadable)
            observer.Warn($"{unreadable} pages are mapped but can't be read in any way (broken memory?): "
                + "the final criu dump may miss them");
    }
}
