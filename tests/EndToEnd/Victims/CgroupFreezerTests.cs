using System.Diagnostics;
using Xunit;

namespace PreDump.Tests.EndToEnd.Victims;

/// <summary>--freeze-cgroup, v1 and v2: the tree is frozen at once, and a cgroup that was frozen before stays frozen.</summary>
public sealed class CgroupFreezerTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_tree_frozen_through_its_cgroup_is_dumped_and_thawed(int version)
    {
        await using var victim = await Victim.Start("processes", 10);
        using var cgroup = TestCgroup.Create(version);
        cgroup.Add(victim);
        var before = VictimState.OfTree(victim);
        using var scratch = new Scratch();

        await PreDumpTool.Dump(victim.Pid, scratch.Path, "--freeze-cgroup", cgroup.Path);

        Assert.True(cgroup.IsThawed);
        await VictimState.AssertUnchanged(before, victim);
        await Requires.PageOracle();
        await PageComparison.AssertSame(victim, scratch.Path, mappingOfPages: 16);
    }

    /// <summary>A guard is a process, which takes milliseconds to start.</summary>
    [Theory]
    [InlineData(1, "\"FROZEN\", 6")]
    [InlineData(2, "\"1\", 1")]
    public async Task The_start_of_the_guard_is_no_part_of_the_freeze(int version, string freeze)
    {
        const string Strace = "/usr/bin/strace", Ready = "write(0, \"r\", 1";
        Requires.Program(Strace, "strace");
        await using var victim = await Victim.Start("plain");
        using var cgroup = TestCgroup.Create(version);
        cgroup.Add(victim);
        using var scratch = new Scratch();

        await Command.Must(Strace, "-f", "-qq", "-e", "trace=write", "-o", scratch["calls"], await PreDumpTool.File(), "-q",
            "--tree", $"{victim.Pid}", "--images-dir", scratch.Folder("images"), "--freeze-cgroup", cgroup.Path);

        var writes = File.ReadAllLines(scratch["calls"]).ToList();
        int frozen = writes.FindIndex(call => call.Contains(freeze));
        Assert.True(frozen >= 0, string.Join('\n', writes));
        Assert.InRange(writes.FindIndex(call => call.Contains(Ready)), 0, frozen - 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_cgroup_that_was_frozen_stays_frozen(int version)
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("processes", 10);
        using var cgroup = TestCgroup.Create(version);
        cgroup.Add(victim);
        await cgroup.Freeze();
        using var scratch = new Scratch();

        await PreDumpTool.Dump(victim.Pid, scratch.Path, "--freeze-cgroup", cgroup.Path);

        Assert.True(cgroup.IsFrozen);
        Assert.All(victim.Tree, pid => Assert.Equal("0", ProcessView.Status(pid, "TracerPid")));
        await PageComparison.AssertSame(victim, scratch.Path);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_cgroup_is_thawed_even_if_predump_is_killed_while_it_is_frozen(int version)
    {
        await using var victim = await Victim.Start("manymaps", 60000);
        using var cgroup = TestCgroup.Create(version);
        cgroup.Add(victim);
        var before = VictimState.OfTree(victim);
        var insideTheFreeze = 0;
        var longest = TimeSpan.Zero;
        for (var attempt = 0; attempt < 25; attempt++)
        {
            using var scratch = new Scratch();
            using var tool = await PreDumpTool.Start("--tree", $"{victim.Pid}", "--images-dir", scratch.Path,
                "--freeze-cgroup", cgroup.Path);
            while (cgroup.IsThawed && !tool.HasExited)
                Thread.SpinWait(10);
            if (!cgroup.IsThawed)
                insideTheFreeze++;
            await PreDumpTool.End(tool, Signal.Kill);
            var watch = Stopwatch.StartNew();
            await Eventually.True(() => cgroup.IsThawed, "the cgroup is thawed");
            longest = watch.Elapsed > longest ? watch.Elapsed : longest;
            await VictimState.AssertUnchanged(before, victim);
        }
        output.WriteLine($"{insideTheFreeze} kills inside the freeze; thawed within {longest.TotalMilliseconds:f1} ms");
        Assert.True(insideTheFreeze > 0, "no kill came while the cgroup was frozen");
    }

    [Theory]
    [InlineData(1, "signals")]
    [InlineData(1, "stopandgo")]
    [InlineData(2, "signals")]
    [InlineData(2, "stopandgo")]
    public async Task No_signal_to_a_tree_in_a_frozen_cgroup_is_lost_or_doubled(int version, string program)
    {
        using var scratch = new Scratch();
        await using var victim = await Victim.Start(program, scratch["count"]);
        using var cgroup = TestCgroup.Create(version);
        cgroup.Add(victim);
        for (var run = 0; run < 10; run++)
        {
            await PreDumpTool.Dump(victim.Pid, scratch.Folder($"{run}"), "--freeze-cgroup", cgroup.Path);
            await Counter.AssertGrows(victim, scratch["count"]);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_run_that_fails_thaws_the_cgroup(int version)
    {
        await using var victim = await Victim.Start("plain", 1024);
        using var cgroup = TestCgroup.Create(version);
        cgroup.Add(victim);
        var before = VictimState.OfTree(victim);
        await using var disk = await TinyDisk.Mount(64 * 1024);

        await Refusal.Of(Refusal.Failure, disk.Path, "--tree", $"{victim.Pid}", "--freeze-cgroup", cgroup.Path);

        Assert.True(cgroup.IsThawed);
        await VictimState.AssertUnchanged(before, victim);
    }

    [Fact]
    public async Task A_path_to_no_cgroup_is_refused()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var line = await Refusal.Of(Refusal.Failure, scratch.Folder("images"), "--tree", $"{victim.Pid}",
            "--freeze-cgroup", scratch.Path);
        Assert.Contains(scratch.Path, line);
    }

    /// <summary>As by hand; version 2 does not keep ptrace from stopping a task.</summary>
    [Fact]
    public async Task A_cgroup_that_something_else_has_frozen_is_named()
    {
        await using var victim = await Victim.Start("processes", 3);
        using var cgroup = TestCgroup.Create(1);
        cgroup.Add(victim);
        await cgroup.Freeze();
        using var scratch = new Scratch();

        var line = await Refusal.Of(Refusal.Failure, scratch.Path, "--tree", $"{victim.Pid}");

        Assert.Contains($"its freezer cgroup {cgroup.Path} is frozen", line);
        Assert.Contains($"echo THAWED > {cgroup.Path}/freezer.state", line);
        Assert.Contains("--freeze-cgroup", line);
        Assert.True(cgroup.IsFrozen);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_tree_outside_of_the_cgroup_is_frozen_all_the_same(int version)
    {
        await using var victim = await Victim.Start("plain");
        using var cgroup = TestCgroup.Create(version);
        var before = VictimState.OfTree(victim);
        using var scratch = new Scratch();

        await PreDumpTool.Dump(victim.Pid, scratch.Path, "--freeze-cgroup", cgroup.Path);

        await VictimState.AssertUnchanged(before, victim);
        Assert.True(cgroup.IsThawed);
        await Requires.PageOracle();
        await PageComparison.AssertSame(victim, scratch.Path, mappingOfPages: 256);
    }
}
