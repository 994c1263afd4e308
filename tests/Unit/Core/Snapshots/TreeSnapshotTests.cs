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
            var tracker = new CallLog();
            using var round = ParentRound.Open(
                new ParentRequest(root, "../1"), images, tracker, openRemote: null, Observed.Nothing);
            var request = new FreezeRequest(root, TimeSpan.FromSeconds(10), FreezeFiles.None);

            using var snapshot = TreeSnapshot.Take(request, tracker, round, CancellationToken.None);

            Assert.Equal(["prepare", .. pids.Select(pid => $"read {pid}"), .. pids.Select(pid => $"reset {pid}")], tracker.Calls);
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

        public bool Works => true;

        public bool IsTrusted => false;

        public FreezeFiles Files(bool hasParent) => FreezeFiles.None;

        public void Prepare(TreeRoot root, CancellationToken cancel) => Calls.Add("prepare");

        public TaskChanges? Read(TreeTask task, ReadOnlySpan<byte> maps, Changes into, bool withTables, FreezeLimit limit)
        {
            Calls.Add($"read {task.Pid}");
            return default(TaskChanges);
        }

        public bool Resets(TreeTask task) => true;

        public void Reset(TreeTask task) => Calls.Add($"reset {task.Pid}");

        public string? WhyMissed(TreeTask task) => null;
    }
}
