using Xunit;

namespace PreDump.Tests.EndToEnd.Memory;

/// <summary>The summary names the memory that is skipped, with the reason.</summary>
public sealed class SkippedMemoryTests
{
    [Theory]
    [InlineData("sharedmemory", "shared", 2)]
    [InlineData("memfds", "shared", 1)]
    [InlineData("filemaps", "shared", 1)]
    [InlineData("aioring", "aio_ring", 1)]
    [InlineData("plain", "vvar", 1)]
    public async Task The_summary_counts_mappings_left_out(string program, string reason, int atLeast)
    {
        await using var victim = await Victim.Start(program);
        using var scratch = new Scratch();
        var skipped = (await PreDumpTool.Dump(victim.Pid, scratch.Path, "--track", "soft-dirty")).GetProperty("skipped");
        Assert.InRange(skipped.GetProperty(reason).GetProperty("vmas").GetInt32(), atLeast, atLeast + 2);
    }

    [Fact]
    public async Task A_plain_process_leaves_out_nothing_that_another_would()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var skipped = (await PreDumpTool.Dump(victim.Pid, scratch.Path)).GetProperty("skipped");
        Assert.Subset(new HashSet<string> { "vvar", "vsyscall" },
            skipped.EnumerateObject().Select(reason => reason.Name).ToHashSet());
    }

    [Fact]
    public async Task Huge_pages_are_left_to_the_final_dump()
    {
        await Requires.PageOracle();
        using var reserved = HugePages.Reserve(2);
        await using var victim = await Victim.Start("hugetlb");
        using var scratch = new Scratch();
        await victim.Stop();

        var summary = await PreDumpTool.Dump(victim.Pid, scratch.Path);

        Assert.Equal(1, summary.GetProperty("skipped").GetProperty("hugetlb").GetProperty("vmas").GetInt32());
        await PageComparison.AssertSame(victim, scratch.Path);
    }
}
