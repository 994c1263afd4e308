using System.Diagnostics;
using PreDump.Cli;
using PreDump.Engine;
using PreDump.Images;
using PreDump.Linux;
using PreDump.Output;
using PreDump.PageServer;
using Serilog;

namespace PreDump;

/// <summary>The main job, from the options to the images: freeze, reset and collect, thaw, copy, write, sum up.</summary>
internal static class PreDumpCommand
{
    // inventory_entry.pre_dump_mode: CRIU then does not expect memory that can't be read to be in the parent.
    private const uint ReadMode = 2;

    /// <summary>Runs a pre-dump; returns the exit code.</summary>
    /// <param name="options">What the command line says.</param>
    /// <param name="ignored">What it says that doesn't matter here.</param>
    public static int Run(PreDumpOptions options, IReadOnlyList<string> ignored)
    {
        using var signals = new Signals(); // from here on no signal ends us before what we made is removed
        using var images = RoundDirectory.Open(options.ImagesDirectory);
        using var work = WorkDirectory.Open(options);
        var log = Output.Log.Open(options);
        using var logEnd = Output.Log.CloseAtEnd(log);
        foreach (var option in ignored)
            log.Debug("{Option:l}: doesn't matter to a pre-dump", option);
        if (options is { Direct: true, PageServer: not null })
            log.Debug("--image-io-mode direct: doesn't matter with --page-server, which writes the pages");
        try
        {
            work.WritePidFile();
            var summary = PreDump(options, images, work, signals.Cancel, log);
            Print(summary, options);
            return ExitCode.Done;
        }
        catch (Exception e) when (e is OperationCanceledException or PeerException && signals.Received is not null)
        {
            var signal = signals.Received!.Value;

            Report(log, $"ended by {signal}: what was written is removed, the tree runs on");
            return ExitCode.OfSignal(signal.Number());
        }
        catch (Exception e) when (Failure.TryExplain(e, options) is { } reason)
        {
            Report(log, images.IsComplete ? $"the images are whole, but {reason}" : reason);
            return ExitCode.Failed;
        }
    }

    private static Summary PreDump(PreDumpOptions options, RoundDirectory images, WorkDirectory work, CancellationToken cancel, ILogger log)
    {
        long start = Stopwatch.GetTimestamp();
        bool softDirty = SoftDirty.IsSupported();
        using var server = options.PageServer is { } where ? PageServerClient.Connect(where, options.Tree, cancel, log) : null;
        using var parent = ParentRound.Open(options, images, softDirty, server, log);
        if (!softDirty)
            log.Warning("this kernel does not track changed memory (no soft-dirty): the images are a full copy, but the final criu dump "
                + "can't use them as its parent; see predump check");

        using var ledger = softDirty && !options.TrustSoftDirty && PageFrames.AreVisible ? new FrameLedgerWriter(images.Create(ImageNames.Frames)) : null;
        using var cgroup = options.FreezeCgroup is { } path ? new CgroupFreezer(path) : null;
        var files = (softDirty ? FreezeFiles.ClearRefs : 0) | (parent is null ? 0 : FreezeFiles.Pagemap);
        parent?.Claim();
        using var snapshot = TreeSnapshot.Take(new FreezeRequest(options.Tree, options.Timeout, files, cgroup), resetDirty: softDirty, parent, cancel);
        work.SignalStatus(log);
        log.Debug("frozen: {Microseconds} us for {Tasks} tasks, with {Bytes} bytes of managed memory allocated",
            (long)(snapshot.Freezing + snapshot.Frozen).TotalMicroseconds, snapshot.ProcessCount, snapshot.AllocatedInFreeze);
        if (softDirty)
            LeaveOutMergeable(snapshot, log);

        var summary = new Summary
        {
            Tasks = snapshot.ProcessCount,
            Threads = snapshot.ThreadCount,
            Freezing = snapshot.Freezing,
            Frozen = snapshot.Frozen,
            SoftDirty = softDirty,
            ImagesDirectory = images.Path,
            PageServer = server?.Name,
        };
        ledger?.Begin(new FrameLedgerHead(snapshot.Uptime, ProcFs.BootId(), Relocations.Count()));
        using (var local = server is null ? new DirectorySink(images, options.Direct ? new DirectIo(log) : null) : null)
            CopyAll(options, snapshot, parent, local ?? (IPageSink)new PageServerSink(server!), ledger, summary, cancel, log);
        ledger?.Complete();
        server?.Close();
        if (options.PrevImagesDirectory is { } previous)
            images.LinkParent(previous);

        summary.Total = Stopwatch.GetElapsedTime(start);
        work.WriteStats(summary.ToDumpStats());
        cancel.ThrowIfCancellationRequested();
        Span<byte> inventory = stackalloc byte[InventoryImage.MaxBytes];
        images.Complete(inventory[..InventoryImage.Write(inventory, snapshot.Uptime, ReadMode)]);
        work.Keep();
        parent?.Complete(images.Path, snapshot.Uptime);
        if (parent is not null && options.AutoDedup && server is null) // only now: until the round was whole the parent's pages were all there was
            Dedup.RunAfterRound(images.Path, log);
        return summary;
    }

    private static void LeaveOutMergeable(TreeSnapshot snapshot, ILogger log)
    {
        foreach (var task in snapshot.LeaveOutMergeable())
            log.Warning("task {Task:l} has memory that KSM may merge (madvise(2), MADV_MERGEABLE), and the kernel then forgets that it was "
                + "changed: the task is left out, and the final criu dump copies all of it", task.ToString());
    }

    private static void CopyAll(PreDumpOptions options, TreeSnapshot snapshot, ParentRound? parent, IPageSink xfer, FrameLedgerWriter? ledger, Summary summary,
        CancellationToken cancel, ILogger log)
    {
        long start = Stopwatch.GetTimestamp();
        var expected = snapshot.Tasks.Aggregate(0UL, (bytes, task) => bytes + task.Task.ExpectedBytes);
        var progress = ProgressLine.Start(expected, options.Quiet);
        using var copier = new TreeCopier(snapshot, parent, xfer, ledger, options.Share, summary, log);
        copier.Copy(() => progress?.Show(summary.PagesWritten + summary.PagesInParent), cancel);
        ProgressLine.Erase();
        foreach (var (task, notPermitted) in summary.GoneTasks)
            log.Information(notPermitted
                ? "task {Task:l} runs a program that may not be read: its images end there, the next round takes it anew"
                : "task {Task:l} ended while it was being copied", task.ToString());
        summary.Copying = Stopwatch.GetElapsedTime(start);
        if (summary.SkippedPages("unreadable") is > 0 and var unreadable)
            log.Warning("{Pages} pages are mapped but can't be read in any way (broken memory?): the final criu dump may miss them", unreadable);
    }

    private static void Print(Summary summary, PreDumpOptions options)
    {
        try
        {
            if (options.DisplayStats)
                CriuStatsText.Print(summary.ToDumpStats());
            if (options.Json)
                SummaryJson.Print(summary);
            else if (!options.Quiet)
                Console.Out.WriteLine(SummaryText.Of(summary));
        }
        catch (IOException e)
        {
            throw new PreDumpException($"the summary could not be written to standard output ({e.Message})");
        }
    }

    // The error line is on standard error even when the log goes elsewhere.
    private static void Report(ILogger log, string reason)
    {
        ProgressLine.Erase();
        log.Error("{Reason:l}", reason);
    }
}
