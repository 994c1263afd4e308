using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace PreDump.Tests.EndToEnd.Victims;

/// <summary>A tree of which one thread can't be stopped, and how long the others stand still for it.</summary>
public sealed class UnstoppableThreadTests
{
    [Fact]
    public async Task A_tree_is_not_kept_still_for_a_thread_that_never_stops()
    {
        await using var victim = await Victim.Start("stuck");
        using var scratch = new Scratch();

        var watch = Stopwatch.StartNew();
        var line = await Refusal.Of(Refusal.Failure, scratch.Path, "--tree", $"{victim.Pid}", "--timeout", "4");

        Assert.Matches("thread [0-9]+ of task .* did not stop: its state is D .*; tried ([2-9]|1[0-9]) times, and the tree stood "
            + @"still for [0-9]+ ms in all.*\(--timeout\)$", line);
        Assert.InRange(await StoodStill(victim), 1, watch.ElapsedMilliseconds / 2); // an attempt lasts 100 ms at most
        Assert.All(victim.Tree, pid => Assert.Equal("0", ProcessView.Status(pid, "TracerPid")));
    }

    [Fact]
    public async Task A_tree_is_frozen_as_soon_as_its_last_thread_can_be_stopped()
    {
        await using var victim = await Victim.Start("stuck", 2500);
        using var scratch = new Scratch();

        var watch = Stopwatch.StartNew();
        var summary = await PreDumpTool.Dump(victim.Pid, scratch.Path);

        Assert.InRange(summary.GetProperty("freeze_attempts").GetInt32(), 2, 20);
        Assert.InRange(summary.GetProperty("freezing_us").GetInt64(), 30_000, watch.ElapsedMilliseconds * 1000);
        Assert.InRange(await StoodStill(victim), 1, watch.ElapsedMilliseconds / 2);
    }

    /// <summary>A reset that waits for the lock of such a thread's memory would make all page faults wait. (preload/softdirty.c
    /// makes predump believe in dirty tracking.)</summary>
    [Theory]
    [InlineData("vforker", 1)]
    [InlineData("plain", 0)]
    public async Task The_dirty_tracking_of_a_task_with_such_a_thread_is_reset_in_the_freeze(string name, int left)
    {
        Requires.Root();
        await using var victim = await Victim.Start(name);
        using var scratch = new Scratch();

        var result = await Command.Run(await PreDumpTool.File(), ["-v4", "--tree", $"{victim.Pid}", "--images-dir", scratch.Path],
            environment: new Dictionary<string, string> { ["LD_PRELOAD"] = Victim.FileOf("softdirty.so") });

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains($"while the tree ran; {left} tasks left to the freeze", result.Errors);
    }

    private static async Task<long> StoodStill(Victim victim)
    {
        Signal.Send(victim.Pid, Signal.Usr1);
        return long.Parse((await victim.Line())["STOOD ".Length..], CultureInfo.InvariantCulture);
    }
}
