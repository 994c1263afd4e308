using PreDump.Tests.Support;
using Xunit;

namespace PreDump.Tests.EndToEnd;

/// <summary>Pages that are in swap belong to the images as those in memory do.</summary>
public sealed class SwappedMemoryTests
{
    [Fact]
    public async Task Swapped_pages_are_in_the_images()
    {
        await Requires.PageOracle();
        await using var swap = await SwapFile.Create();
        await using var victim = await Victim.Fixture("swapped", 1024);
        Assert.SkipWhen(ProcessView.Status(victim.Pid, "VmSwap") is null or "0 kB", "the kernel swapped nothing out");
        using var scratch = new Scratch();
        await victim.Stop();

        await PreDumpTool.Dump(victim.Pid, scratch.Path);

        await PageComparison.AssertSame(victim, scratch.Path);
    }
}
