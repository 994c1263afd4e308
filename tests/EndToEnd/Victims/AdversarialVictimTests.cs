using System.Text.Json;
using Xunit;

namespace PreDump.Tests.EndToEnd.Victims;

/// <summary>
/// Victims that make reading their memory as hard as they can, each pre-dumped many times while they do so: every round
/// succeeds, its images are sound, and the victim, which checks its own memory, never finds a fault. $PREDUMP_ROUNDS is the
/// number of rounds (200).
/// </summary>
public sealed class AdversarialVictimTests
{
    private static readonly int s_rounds = int.TryParse(Environment.GetEnvironmentVariable("PREDUMP_ROUNDS"), out var rounds)
        ? rounds : 200;

    /// <summary>The chains' victims (tests/victims), which check their memory when asked to end.</summary>
    [Theory]
    [InlineData("churn")]
    [InlineData("storm")]
    [InlineData("spawner")]
    [InlineData("cutfile")]
    [InlineData("names")]
    public async Task An_adversarial_victim_finds_its_memory_unharmed(string name)
    {
        using var place = new Scratch();
        await using var victim = await Victim.Ready("/usr/bin/env", "-C", place.Path, Victim.FileOf($"{name}"));
        await PreDumpAll(victim, victim.Pid);

        Signal.Send(victim.Pid, Signal.Term);
        string line;
        do
        {
            line = await victim.Line();
            Assert.False(line.StartsWith("BAD", StringComparison.Ordinal), line);
        }
        while (!line.StartsWith("VERDICT", StringComparison.Ordinal));
        Assert.Equal("VERDICT ok", line);
    }

    /// <summary>Victims that exit when they find a fault.</summary>
    [Theory]
    [InlineData("remapper")]
    [InlineData("leaderexit")]
    [InlineData("userfaultfd")]
    [InlineData("hugetlb")]
    public async Task An_adversarial_victim_lives_on(string name)
    {
        using var pool = name == "hugetlb" ? HugePages.Reserve(4) : null;
        await using var victim = await Victim.Start(name);
        await PreDumpAll(victim, victim.Pid);
    }

    /// <summary>The same for trees that signals can't stop.</summary>
    [Theory]
    [InlineData("breeder")]
    [InlineData("execer")]
    [InlineData("vforker")]
    public async Task The_tree_of_an_adversarial_victim_lives_on(string name)
    {
        await using var victim = await Victim.Start(name);
        await PreDumpAll(victim, victim.Pid, comesToAStandstill: false);
    }

    [Fact]
    public async Task A_victim_whose_pages_go_to_swap_and_come_back_finds_its_memory_unharmed()
    {
        await using var swap = await SwapFile.Create();
        await using var victim = await Victim.Start("pressed", 2048);
        await PreDumpAll(victim, victim.Pid);
        Assert.NotEqual("0 kB", ProcessView.Status(victim.Pid, "VmSwap"));
    }

    [Fact]
    public async Task Tasks_that_are_killed_for_lack_of_memory_spoil_no_tree()
    {
        using var cgroup = MemoryCgroup.Create(48 << 20);
        await using var victim = await Victim.Start("glutton", cgroup.Path);
        await PreDumpAll(victim, victim.Pid, comesToAStandstill: false);
    }

    /// <summary>Reads that certainly block: the pages go away after they were found and before they are read.</summary>
    [Theory]
    [InlineData("userfaultfd", "away")]
    [InlineData("deadfile")]
    public async Task A_read_of_memory_that_nobody_answers_is_given_up(string name, params string[] arguments)
    {
        Requires.Program("/usr/bin/strace", "strace");
        await using var victim = await Victim.Start(name, [.. arguments.Cast<object>()]);
        using var scratch = new Scratch();
        var images = scratch.Folder("1");
        var running = Command.Run("/usr/bin/strace",
            ["-f", "-qq", "-o", scratch["trace"], "-e", "trace=process_vm_readv",
                "-e", "inject=process_vm_readv:delay_enter=700000",
                "/bin/sh", "-c", $"exec \"$0\" \"$@\" 3> '{scratch["thawed"]}'", await PreDumpTool.File(),
                "--tree", $"{victim.Pid}", "--images-dir", images, "--status-fd", "3", "--json", "-v3"]);
        await Eventually.True(() => File.Exists(scratch["thawed"]) && new FileInfo(scratch["thawed"]).Length > 0,
            "the tree runs on");
        await Task.Delay(200, TestContext.Current.CancellationToken);
        Signal.Send(victim.Pid, Signal.Usr1);

        var result = await running;
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("given up", result.Errors);
        var skipped = JsonDocument.Parse(result.Output).RootElement.GetProperty("skipped").GetProperty("vanished");
        Assert.True(skipped.GetProperty("pages").GetInt64() > 0, result.Output);
        await AssertSound(images);
        Assert.False(victim.HasExited);
        Tally.Count("blocked reads given up");
    }

    private static async Task PreDumpAll(Victim victim, int root, bool comesToAStandstill = true)
    {
        for (var round = 0; round < s_rounds; round++)
        {
            using var scratch = new Scratch();
            await PreDumpTool.Dump(root, scratch.Path);
            await AssertSound(scratch.Path);
            Tally.Count("pre-dumps of adversarial victims");
            Assert.False(victim.HasExited, $"the victim ended in round {round}");
        }
        if (comesToAStandstill)
            await AssertStillIsEqual(victim);
    }

    private static async Task AssertSound(string images)
    {
        var verified = await PreDumpTool.Run("verify", images);
        Assert.True(verified.ExitCode == 0, verified.ToString());
    }

    // Once more, with the victim stopped: now every page can be compared.
    private static async Task AssertStillIsEqual(Victim victim)
    {
        using var scratch = new Scratch();
        await victim.Stop();
        await PreDumpTool.Dump(victim.Pid, scratch.Path);
        var verified = await PreDumpTool.Run("verify", scratch.Path, "--tree", $"{victim.Pid}", "--json");
        Assert.True(verified.ExitCode == 0, verified.ToString());
        foreach (var task in JsonDocument.Parse(verified.Output).RootElement.GetProperty("compared").EnumerateArray())
        {
            Tally.Count("pages compared with live memory", task.GetProperty("equal").GetInt64());
            Tally.Count("wrong pages", task.GetProperty("different").GetInt64() + task.GetProperty("missing").GetInt64());
        }
        victim.Continue();
    }
}
