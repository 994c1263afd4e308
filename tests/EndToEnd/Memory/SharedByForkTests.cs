using Xunit;

namespace PreDump.Tests.EndToEnd.Memory;

/// <summary>Memory shared since a fork stays shared; process_vm_readv(2) alone would give each task a copy of its own.</summary>
public sealed class SharedByForkTests
{
    [Fact]
    public async Task Reading_memory_that_is_shared_since_a_fork_makes_no_copies()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("forked");
        var before = SharedKilobytes(victim);
        using var scratch = new Scratch();
        await PreDumpTool.Dump(victim.Pid, scratch.Path);

        Assert.True(before > 4 * 16_000, $"the victim shares only {before} kB");
        Assert.InRange(SharedKilobytes(victim), before - 256, before); // (a thread's own page may be written to by the kernel)
        await PageComparison.AssertSame(victim, scratch.Path, mappingOfPages: 4096);
    }

    private static long SharedKilobytes(Victim victim) =>
        victim.Tree.Sum(pid => File.ReadLines($"/proc/{pid}/smaps_rollup")
            .Where(line => line.StartsWith("Shared_Dirty:", StringComparison.Ordinal))
            .Sum(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1])));
}
