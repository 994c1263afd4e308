using PreDump.Core.Parents;
using PreDump.Core.Sinks;
using PreDump.Core.Snapshots;
using PreDump.Core.Tracking;
using PreDump.Images;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Core.Snapshots;

/// <summary>In which order the tasks of a frozen tree are read and reset.</summary>
public sealed class TreeSnapshotTests
{
    /// <summary>Tasks may share one memory: after the reset of the first, nothing in it is dirty any more.</summary>
    [Fact]
    public async Task All_tasks_are_read_before_any_is_reset()
    {
        var tracker = new CallLog();
        var pids = await Freeze(tracker, TimeSpan.FromSeconds(10));
        Assert.Equal(["prepare", .. pids.Select(pid => $"read {pid}"), .. pids.Select(pid => $"reset {pid}")], tracker.Calls);
    }

    /// <summary>A tree stands still for no more than one task's reset after its time is over.</summary>
    [Fact]
    public async Task A_deadline_that_passes_in_a_reset_ends_the_freeze_before_the_next()
    {
        var timeout = TimeSpan.FromSeconds(1);
        var tracker = new CallLog { EachReset = timeout };
        var refused = await Assert.ThrowsAsync<TreeException>(() => Freeze(tracker, timeout));
        Assert.Contains("the tree runs on", refused.Message);
        Assert.Single(tracker.Calls, call => call.StartsWith("reset", StringComparison.Ordinal));
    }

    // Takes a snapshot of a tree of three tasks; returns their pids.
    private static async Task<List<int>> Freeze(CallLog tracker, TimeSpan timeout)
    {
        using var shell = await Command.Start("sh", ["-c", "sleep 60 & sleep 60 & wait"]);
        try
        {
            var root = TreeRoot.Find(shell.Id);
            List<int> pids = [];
            await Eventually.True(() => (pids = PidsOf(root)).Count == 3, "the shell has two children");
            await Task.Delay(30, TestContext.Current.CancellationToken); // a few clock ticks older than the round
            using var folder = new HandmadeRounds();
            var parent = folder.Round("1", uptimeMicroseconds: ProcFs.UptimeMicroseconds());
            pids.ForEach(pid => folder.Task(parent, pid, 1, (10, 4, PageFlags.Present)));
            Directory.CreateDirectory(Path.Combine(folder.Path, "2"));
            using var images = RoundDirectory.Open(Path.Combine(folder.Path, "2"));
            using var round = ParentRound.Open(
                new ParentRequest(root, "../1"), images, tracker, openRemote: null, Observed.Nothing);
            var request = new FreezeRequest(root, timeout, FreezeFiles.None);

            using var snapshot = TreeSnapshot.Take(request, tracker, round, CancellationToken.None);
            return pids;
        }
        finally
        {
            shell.Kill(entireProcessTree: true);
        }
    }

    private static List<int> PidsOf(TreeRoot root)
    {
        using var tree = new ProcessTree(root);
        tree.Scan((_, _) => { });
        return [.. tree.Tasks.Select(task => task.Pid)];
    }

    private sealed class CallLog : IDirtyTracker
    {
        public List<string> Calls { get; } = [];

        public TimeSpan EachReset { get; init; }

        public bool Works => true;

        public bool ComparesAll => false;

        public bool IsTrusted => false;

        public int? ResetRunning(TreeRoot root, TimeSpan timeout, CancellationToken cancel) => null;

        public FreezeFiles Files(bool hasParent) => FreezeFiles.None;

        public void Prepare(TreeRoot root, CancellationToken cancel) => Calls.Add("prepare");

        public TaskChanges? Read(TreeTask task, ReadOnlySpan<byte> maps, Changes into, bool withTables, FreezeLimit limit)
        {
            Calls.Add($"read {task.Pid}");
            return default(TaskChanges);
        }

        public bool Resets(TreeTask task) => true;

        public void Reset(TreeTask task)
        {
            Calls.Add($"reset {task.Pid}");
            Thread.Sleep(EachReset);
        }

        public string? WhyMissed(TreeTask task) => null;
    }
}
