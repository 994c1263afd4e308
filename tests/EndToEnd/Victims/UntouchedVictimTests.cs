using Xunit;

namespace PreDump.Tests.EndToEnd.Victims;

/// <summary>The victim is not changed: after any run its descriptors, mappings, signals and threads are as before.</summary>
public sealed class UntouchedVictimTests
{
    [Theory]
    [InlineData("plain")]
    [InlineData("unreadable")]
    [InlineData("beyondend")]
    [InlineData("manythreads", 200, 0)]
    [InlineData("manythreads", 200, 20)]
    [InlineData("processes", 50)]
    [InlineData("manymaps", 60000)]
    public async Task A_round_leaves_no_trace_in_its_victim(string program, params int[] arguments)
    {
        Requires.Root();
        await using var victim = await Victim.Start(program, [.. arguments.Cast<object>()]);
        var before = VictimState.OfTree(victim);
        using var scratch = new Scratch();

        await PreDumpTool.Dump(victim.Pid, scratch.Path);

        await VictimState.AssertUnchanged(before, victim);
    }

    [Fact]
    public async Task A_round_that_fails_leaves_no_trace_in_its_victim()
    {
        Requires.Root();
        await using var victim = await Victim.Start("manythreads", 50, 2);
        await using var disk = await TinyDisk.Mount(64 * 1024);
        var before = VictimState.OfTree(victim);

        await Refusal.Of(Refusal.Failure, disk.Path, "--tree", $"{victim.Pid}");

        await VictimState.AssertUnchanged(before, victim);
    }
}
