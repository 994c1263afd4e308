using System.Globalization;
using Xunit;

namespace PreDump.Tests.EndToEnd.Victims;

/// <summary>A tree of which one thread can't be stopped, and how long the others stand still for it.</summary>
public sealed class UnstoppableThreadTests
{
    private const long MostMilliseconds = 1500; // at once; an attempt lasts 100 at most, the rest is for a slow machine

    [Fact]
    public async Task A_tree_is_not_kept_still_for_a_thread_that_never_stops()
    {
        await using var victim = await Victim.Start("stuck");
        using var scratch = new Scratch();

        var line = await Refusal.Of(Refusal.Failure, scratch.Path, "--tree", $"{victim.Pid}", "--timeout", "4");

        Assert.Matches("thread [0-9]+ of task .* did not stop: its state is D .*; tried ([2-9]|1[0-9]) times, and the tree stood "
            + @"still for [0-9]+ ms in all.*\(--timeout\)$", line);
        Assert.InRange(await StoodStill(victim), 1, MostMilliseconds);
        Assert.All(victim.Tree, pid => Assert.Equal("0", ProcessView.Status(pid, "TracerPid")));
    }

    [Fact]
    public async Task A_tree_is_frozen_as_soon_as_its_last_thread_can_be_stopped()
    {
        await using var victim = await Victim.Start("stuck", 2500);
        using var scratch = new Scratch();

        var summary = await PreDumpTool.Dump(victim.Pid, scratch.Path);

        Assert.InRange(summary.GetProperty("freeze_attempts").GetInt32(), 2, 20);
        Assert.InRange(summary.GetProperty("freezing_us").GetInt64(), 30_000, 2_000_000);
        Assert.InRange(await StoodStill(victim), 1, MostMilliseconds);
    }

    private static async Task<long> StoodStill(Victim victim)
    {
        Signal.Send(victim.Pid, Signal.Usr1);
        return long.Parse((await victim.Line())["STOOD ".Length..], CultureInfo.InvariantCulture);
    }
}
