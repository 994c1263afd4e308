using PreDump.Tests.Support;
using Xunit;

namespace PreDump.Tests.EndToEnd;

/// <summary>Without root: one's own processes can be pre-dumped, those of others can't.</summary>
public sealed class PrivilegeTests
{
    [Fact]
    public async Task Not_permitted_names_the_capability()
    {
        using var nobody = new Nobody();
        await using var victim = await Victim.Fixture("plain");
        var before = VictimState.OfTree(victim);

        var result = await nobody.RunTool("--tree", $"{victim.Pid}", "--images-dir", nobody.Images);

        Assert.Contains("CAP_SYS_PTRACE", Refusal.Line(Refusal.Failure, result));
        Assert.Empty(Directory.GetFileSystemEntries(nobody.Images));
        await VictimState.AssertUnchanged(before, victim);
    }

    [Theory]
    [InlineData("zeropages")]
    [InlineData("hugepages")]
    [InlineData("unreadable")]
    public async Task Ones_own_process_needs_no_capability(string fixture)
    {
        await Requires.PageOracle();
        const string Yama = "/proc/sys/kernel/yama/ptrace_scope";
        Assert.SkipWhen(File.Exists(Yama) && File.ReadAllText(Yama).Trim() != "0", "yama keeps users from tracing processes of their own");
        using var nobody = new Nobody();
        await using var victim = await nobody.Fixture(fixture);
        await victim.Stop();

        var result = await nobody.RunTool("--tree", $"{victim.Pid}", "--images-dir", nobody.Images);

        Assert.True(result.ExitCode == 0, result.ToString());
        await PageComparison.AssertSame(victim, nobody.Images);
    }
}
