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

    [Fact]
    public async Task Another_users_task_needs_two_capabilities()
    {
        await Requires.PageOracle();
        using var nobody = new Nobody();
        await using var victim = await Victim.Fixture("plain");
        var before = VictimState.OfTree(victim);
        await victim.Stop();
        string[] arguments = ["--tree", $"{victim.Pid}", "--images-dir", nobody.Images];

        var line = Refusal.Line(Refusal.Failure, await nobody.RunToolWith(["sys_ptrace"], arguments));
        Assert.Contains("CAP_DAC_OVERRIDE", line);
        Assert.Empty(Directory.GetFileSystemEntries(nobody.Images));

        var both = await nobody.RunToolWith(["sys_ptrace", "dac_override"], arguments);
        Assert.True(both.ExitCode == 0, both.ToString());
        await PageComparison.AssertSame(victim, nobody.Images);
        victim.Continue();
        await VictimState.AssertUnchanged(before, victim);
    }
}
