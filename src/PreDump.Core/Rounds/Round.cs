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

/// <summary>One round, from the running tree to its images: freeze, reset and collect, thaw, copy and write.</summary>
/// <param name="request">What is asked for.</param>
/// <param name="images">Where the images go, or, with a remote, the inventory and the frame ledger.</param>
/// <param name="remote">Where the pages go instead; null: into the images directory.</param>
/// <param name="observer">Told how it goes.</param>
public sealed class Round(RoundRequest request, RoundDirectory images, IRemoteRound? remote, IRoundObserver observer)
{
    // inventory_entry.pre_dump_mode: CRIU then does not expect memory that can't be read to be in the parent.
    private const uint ReadMode = 2;

    private readonly IDirtyTracker _tracker = new SoftDirtyTracker(request.TrustSoftDirty);

    /// <summary>All of it. Where it fails before the images are whole, disposing of their directory removes what was written.</summary>
    /// <param name="cancel">Ends it early.</param>
    public Summary Run(CancellationToken cancel)
    {
        using var parent = ParentRound.Open(request.Parent, images, _tracker, remote is null ? null : remote.OpenParent, observer);
        if (!_tracker.Works)
            observer.Warn("this kernel does not track changed memory (no soft-dirty): the images are a full copy, but the final criu dump "
                + "can't use them as its parent", RoundInput.Kernel);
        using var ledger = NotesFrames ? new FrameLedgerWriter(images.Create(ImageNames.Frames)) : null;

        using var snapshot = Freeze(parent, cancel);
        var summary = SummaryOf(snapshot);
        using (var sink = remote?.Sink ?? new DirectorySink(images, request.Direct ? new DirectIo(observer) : null))
        {
            Copy(snapshot, parent, sink, ledger, summary, cancel);
            sink.Complete();
        }
        if (request.Parent.Directory is { } previous)
            images.LinkParent(previous);
        summary.Total = Stopwatch.GetElapsedTime(request.Asked);
        observer.Written(summary);
        cancel.ThrowIfCancellationRequested();
        Span<byte> inventory = stackalloc byte[InventoryImage.MaxBytes];
        images.Complete(inventory[..InventoryImage.Write(inventory, snapshot.Uptime, ReadMode)]);
        parent?.Claim.Complete(images.PresentPath, snapshot.Uptime);
        if (parent is not null && request.AutoDedup && remote is null) // only now: until the round was whole the parent's pages were all there was
            Dedup.RunAfterRound(images.OpenImages, observer);
        return summary;
    }

    private bool NotesFrames => _tracker is { Works: true, IsTrusted: false } && PageFrames.AreVisible;

    private TreeSnapshot Freeze(ParentRound? parent, CancellationToken cancel)
    {
        using var cgroup = request.FreezeCgroup is { } path ? new CgroupFreezer(path) : null;
        var freeze = new FreezeRequest(request.Tree, request.Timeout, _tracker.Files(hasParent: parent is not null), cgroup);
        parent?.Claim.Take();
        var snapshot = TreeSnapshot.Take(freeze, _tracker, parent, cancel);
        try
        {
            observer.Thawed();
            if (parent?.Warning is { } warning) // (a round that is refused says only why)
                observer.Warn(warning, RoundInput.TrustSoftDirty);
            observer.Detail($"frozen: {(long)(snapshot.Freezing + snapshot.Frozen).TotalMicroseconds} us for {snapshot.ProcessCount} tasks, with "
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

    private Summary SummaryOf(TreeSnapshot snapshot) => new()
    {
        Tasks = snapshot.ProcessCount,
        Threads = snapshot.ThreadCount,
        Freezing = snapshot.Freezing,
        Frozen = snapshot.Frozen,
        SoftDirty = _tracker.Works,
        ImagesDirectory = images.Path,
        PageServer = remote?.Name,
    };

    private void Copy(TreeSnapshot snapshot, ParentRound? parent, IPageSink sink, FrameLedgerWriter? ledger, Summary summary, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        ledger?.Begin(new FrameLedgerHead(snapshot.Uptime, ProcFs.BootId(), Relocations.Count()));
        observer.Copying(snapshot.Tasks.Aggregate(0UL, (bytes, task) => bytes + task.Task.ExpectedBytes));
        using (var copier = new TreeCopier(snapshot, parent, sink, ledger, request.Share, summary, observer))
            copier.Copy(() => observer.Copied(summary.PagesWritten + summary.PagesInParent), cancel);
        ledger?.Complete();
        foreach (var (task, notPermitted) in summary.GoneTasks)
            observer.Note(notPermitted ? $"task {task} runs a program that may not be read: its images end there, the next round takes it anew"
                : $"task {task} ended while it was being copied");
        summary.Copying = Stopwatch.GetElapsedTime(start);
        if (summary.PagesUnreadable is > 0 and var unreadable)
            observer.Warn($"{unreadable} pages are mapped but can't be read in any way (broken memory?): the final criu dump may miss them");
    }
}
