using Xunit;

namespace PreDump.Tests.EndToEnd.Memory;

/// <summary>Swapped-out pages are part of the images, like those in memory.</summary>
public sealed class SwappedMemoryTests
{
    [Fact]
    public async Task Swapped_pages_are_in_the_images()
    {
        await Requires.PageOracle();
        await using var swap = await SwapFile.Create();
        await using var victim = await Victim.Start("pagedout", 1024);
        Assert.SkipWhen(ProcessView.Status(victim.Pid, "VmSwap") is null or "0 kB", "the kernel swapped nothing out");
        using var scratch = new Scratch();
        await victim.Stop();

        await PreDumpTool.Dump(victim.Pid, scratch.Path);

        await PageComparison.AssertSame(victim, scratch.Path);
    }

    /// <summary>A cgroup at its limit: pages read from swap are charged to it; if the kernel can't reclaim fast enough, or swap
    /// is full, it kills a task of the cgroup.</summary>
    [Theory]
    [InlineData(40, true)]
    [InlineData(64, false)] // 40 MiB of 64 in swap, and soon more: predump may have to give up, with an error
    public async Task Reading_swapped_pages_gets_nobody_killed(int megabytes, bool roomy)
    {
        await using var swap = await SwapFile.Create();
        using var cgroup = MemoryCgroup.Create(24 << 20);
        await using var victim = await Victim.Ready("/bin/sh", cgroup.Inside(Victim.FileOf("plain"), $"{megabytes * 256}"));
        Assert.SkipWhen(ProcessView.Status(victim.Pid, "VmSwap") is null or "0 kB", "the kernel swapped nothing out");
        for (int round = 1; round <= 12; round++)
        {
            using var scratch = new Scratch();
            var result = await PreDumpTool.Run("--tree", $"{victim.Pid}", "--images-dir", scratch.Path);
            Assert.False(victim.HasExited, $"killed in round {round}: {result}");
            if (roomy || result.ExitCode == 0)
                Assert.True(result.ExitCode == 0, result.ToString());
            else
                Assert.Contains("has no room to read it", result.Errors);
            Tally.Count("pre-dumps of adversarial victims");
        }
    }
}
