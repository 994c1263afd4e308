using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Linux;

/// <summary>The reset of dirty tracking while the tree runs.</summary>
public sealed class RunningResetTests
{
    private static readonly TimeSpan s_enough = TimeSpan.FromSeconds(10);

    /// <summary>Nothing is left to the freeze of tasks that merely run or wait.</summary>
    [Fact]
    public async Task A_tree_at_rest_is_reset_before_the_freeze()
    {
        using var shell = await Command.Start("sh", ["-c", "sleep 60 & sleep 60 & wait"]);
        try
        {
            Assert.Empty(RunningReset.Run(TreeRoot.Find(shell.Id), s_enough, CancellationToken.None));
        }
        finally
        {
            shell.Kill(entireProcessTree: true);
        }
    }

    /// <summary>A task that a debugger traces can't be frozen, so its marks stay as they are.</summary>
    [Fact]
    public async Task Where_the_freeze_will_be_refused_nothing_is_reset()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/strace"), "needs strace");
        using var strace = await Command.Start("/usr/bin/strace", ["-q", "-f", "-o", "/dev/null", "sleep", "60"]);
        try
        {
            int sleep = 0;
            await Eventually.True(
                () => (sleep = ChildOf(strace.Id)) != 0 && ProcStatus.TryRead(sleep) is { Name: "sleep", TracerPid: > 0 },
                "strace traces its child");
            Assert.Equal([sleep], RunningReset.Run(TreeRoot.Find(sleep), s_enough, CancellationToken.None));
        }
        finally
        {
            strace.Kill(entireProcessTree: true);
        }
    }

    /// <summary>A signal that comes between two resets ends the round, and the next one can begin.</summary>
    [Fact]
    public async Task A_cancelled_reset_ends_and_leaves_the_turn_to_the_next()
    {
        using var sleep = await Command.Start("sleep", ["60"]);
        try
        {
            var root = TreeRoot.Find(sleep.Id);
            Assert.ThrowsAny<OperationCanceledException>(
                () => RunningReset.Run(root, s_enough, new CancellationToken(canceled: true)));
            Assert.Empty(RunningReset.Run(root, s_enough, CancellationToken.None));
        }
        finally
        {
            sleep.Kill();
        }
    }

    /// <summary>Before 5.11, and in 6.4, a reset can harm the tree that runs.</summary>
    [Theory]
    [InlineData("6.12.9-amd64", true)]
    [InlineData("6.1.0-28-amd64", true)]
    [InlineData("5.15.0-130-generic", true)]
    [InlineData("5.11", true)]
    [InlineData("5.11-rc7", true)]
    [InlineData("10.0.1", true)]
    [InlineData("5.10.0-33-amd64", false)]
    [InlineData("5.4.0-200-generic", false)]
    [InlineData("4.18.0-553.el8.x86_64", false)]
    [InlineData("6.4.0-2-amd64", false)]
    [InlineData("", false)]
    [InlineData("unknown", false)]
    public void Kernels_that_can_harm_a_running_tree_are_known(string release, bool safe) =>
        Assert.Equal(safe, RunningReset.IsSafeOn(release));

    private static int ChildOf(int pid) => ProcFs.Children(pid, pid) is [var child, ..] ? child : 0;
}
