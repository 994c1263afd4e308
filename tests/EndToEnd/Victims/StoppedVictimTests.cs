using Xunit;

namespace PreDump.Tests.EndToEnd.Victims;

/// <summary>
/// The central test: for each shape of memory, the images of a stopped victim hold exactly the pages that CRIU's rules
/// select, byte for byte as in /proc/PID/mem.
/// </summary>
public sealed class StoppedVictimTests
{
    [Theory]
    [InlineData("plain")]
    [InlineData("unreadable")]
    [InlineData("filemaps")]
    [InlineData("memfds")]
    [InlineData("sharedmemory")]
    [InlineData("guards")]
    [InlineData("hugepages")]
    [InlineData("zeropages")]
    [InlineData("aioring")]
    [InlineData("beyondend")]
    [InlineData("zombie")]
    [InlineData("pidns")]
    [InlineData("oddname")]
    [InlineData("sparse", 16)]
    [InlineData("manythreads", 200)]
    [InlineData("processes", 50)]
    [InlineData("manymaps", 60000)]
    public async Task Images_hold_exactly_the_pages_of_a_stopped_victim(string program, params int[] arguments)
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start(program, [.. arguments.Cast<object>()]);
        using var scratch = new Scratch();
        await victim.Stop();

        await PreDumpTool.Dump(victim.Pid, scratch.Path);

        await PageComparison.AssertSame(victim, scratch.Path);
    }

    /// <summary>As on kernels before 6.7, where /proc/PID/pagemap is read entry by entry.</summary>
    [Theory]
    [InlineData("unreadable")]
    [InlineData("filemaps")]
    [InlineData("memfds")]
    [InlineData("guards")]
    [InlineData("hugepages")]
    [InlineData("zeropages")]
    [InlineData("beyondend")]
    [InlineData("sparse", 16)]
    [InlineData("manymaps", 60000)]
    public async Task Images_of_a_stopped_victim_are_the_same_without_PAGEMAP_SCAN(string program, params int[] arguments)
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start(program, [.. arguments.Cast<object>()]);
        using var scratch = new Scratch();
        await victim.Stop();

        var result = await Command.Run(await PreDumpTool.File(), ["--tree", $"{victim.Pid}", "--images-dir", scratch.Path],
            environment: new Dictionary<string, string> { ["LD_PRELOAD"] = Victim.FileOf("noscan.so") });

        Assert.True(result.ExitCode == 0, result.ToString());
        await PageComparison.AssertSame(victim, scratch.Path);
    }
}
