using System.Diagnostics;
using Xunit;

namespace PreDump.Tests.EndToEnd.Victims;

/// <summary>
/// The tool is killed at random moments, also during the freeze: the victim goes on, and no incomplete directory
/// looks complete.
/// </summary>
public sealed class KilledToolTests
{
    private const int Tries = 25;

    // Like a shell's jobs: in an orphaned process group, as in CI, SIGTSTP has no effect.
    private const string InItsOwnGroup = "import os, sys; os.setpgid(0, 0); os.execv(sys.argv[1], sys.argv[1:])";

    [Theory]
    [InlineData("manythreads", 1000, 4)]
    [InlineData("manymaps", 60000)]
    [InlineData("processes", 50)]
    public async Task Predump_that_is_killed_inside_the_freeze_lets_go_of_the_victim(string program, params int[] arguments)
    {
        await using var victim = await Victim.Start(program, [.. arguments.Cast<object>()]);
        var before = VictimState.OfTree(victim);
        await InsideTheFreeze(victim, latest: 2000, async (tool, images) =>
        {
            await PreDumpTool.End(tool, Signal.Kill);

            await VictimState.AssertUnchanged(before, victim);
            await AssertCompleteOrNotSoLooking(images);
        });
    }

    [Fact]
    public async Task Predump_that_is_killed_at_any_moment_leaves_the_victim_running()
    {
        using var rounds = new Scratch();
        await using var victim = await Victim.Start("rewriter", rounds["rounds"], 8192);
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            using var scratch = new Scratch();
            using var tool = await PreDumpTool.Start("--tree", $"{victim.Pid}", "--images-dir", scratch.Path);
            Spin(Random.Shared.Next(0, 30_000));
            await PreDumpTool.End(tool, Signal.Kill);

            Assert.Equal("0", ProcessView.Status(victim.Pid, "TracerPid"));
            await Eventually.True(() => ProcessView.State(victim.Pid) is 'R' or 'S' or 'D', "the victim goes on");
            await AssertCompleteOrNotSoLooking(scratch.Path);
        }
        Assert.False(victim.HasExited);
    }

    [Fact]
    public async Task A_stopped_victim_is_still_stopped_after_predump_was_killed()
    {
        await using var victim = await Victim.Start("manythreads", 500, 0);
        await victim.Stop();
        await InsideTheFreeze(victim, latest: 0, async (tool, _) =>
        {
            await PreDumpTool.End(tool, Signal.Kill);
            await Eventually.True(() => Array.TrueForAll(ProcessView.Threads(victim.Pid),
                thread => ProcessView.State(victim.Pid, thread) == 'T'), "all threads are stopped");
        });
    }

    [Theory]
    [InlineData(Signal.Term)]
    [InlineData(Signal.Int)]
    public async Task Predump_that_is_told_to_end_clears_up(int signal)
    {
        await using var victim = await Victim.Start("plain", 65536);
        var before = VictimState.OfTree(victim);
        var ended = 0;
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            using var scratch = new Scratch();
            using var tool = await PreDumpTool.Start("--tree", $"{victim.Pid}", "--images-dir", scratch.Path);
            SpinUntil(() => Directory.EnumerateFileSystemEntries(scratch.Path).Any() || tool.HasExited);
            Spin(Random.Shared.Next(0, 20_000));
            await PreDumpTool.End(tool, signal);

            if (tool.ExitCode != 0)
            {
                ended++;
                Assert.Equal(128 + signal, tool.ExitCode);
                Assert.Empty(Directory.GetFileSystemEntries(scratch.Path));
            }
            else
            {
                Assert.True(File.Exists(scratch["inventory.img"]));
            }
            await VictimState.AssertUnchanged(before, victim);
        }
        Assert.True(ended > 0, $"none of {Tries} signals came in time");
    }

    [Fact]
    public async Task Predump_that_is_told_to_end_inside_the_freeze_lets_go_and_clears_up()
    {
        await using var victim = await Victim.Start("manythreads", 1000, 4);
        var before = VictimState.OfTree(victim);
        await InsideTheFreeze(victim, latest: 0, async (tool, images) =>
        {
            await PreDumpTool.End(tool, Signal.Term);

            Assert.True(tool.ExitCode is 0 or 128 + Signal.Term, $"exit code {tool.ExitCode}");
            Assert.Equal(tool.ExitCode == 0, File.Exists(Path.Combine(images, "inventory.img")));
            Assert.Equal(tool.ExitCode == 0, Directory.EnumerateFileSystemEntries(images).Any());
            await VictimState.AssertUnchanged(before, victim);
        });
    }

    [Fact]
    public async Task Predump_that_is_stopped_by_a_terminal_inside_the_freeze_lets_go_first()
    {
        await using var victim = await Victim.Start("manythreads", 1000, 4);
        var before = VictimState.OfTree(victim);
        await InsideTheFreeze(victim, latest: 0, async (tool, images) =>
        {
            try
            {
                Signal.Send(tool.Id, Signal.TerminalStop);
                await Eventually.True(() => tool.HasExited || ProcessView.State(tool.Id) == 'T', "predump stops");
                Assert.False(IsTraced(victim.Pid));
                await PreDumpTool.End(tool, Signal.Continue);
            }
            catch
            {
                await PreDumpTool.End(tool, Signal.Kill); // a victim that is still frozen could not even be killed
                throw;
            }
            Assert.Equal(0, tool.ExitCode);
            await AssertCompleteOrNotSoLooking(images);
        });
        await VictimState.AssertUnchanged(before, victim);
    }

    [Fact]
    public async Task Predump_that_is_stopped_for_long_in_the_copy_gives_no_read_up()
    {
        await using var victim = await Victim.Start("plain", 65536);
        var inTheCopy = 0;
        for (var attempt = 0; attempt < 8; attempt++)
        {
            using var scratch = new Scratch();
            using var tool = await PreDumpTool.Start("--tree", $"{victim.Pid}", "--images-dir", scratch.Path, "-v3", "-o", "log");
            SpinUntil(() => Directory.EnumerateFiles(scratch.Path, "pages-*").Any() || tool.HasExited);
            Spin(Random.Shared.Next(0, 30_000));
            Signal.Send(tool.Id, Signal.Stop);
            await Task.Delay(2500, TestContext.Current.CancellationToken); // longer than a read can block
            inTheCopy += tool.HasExited ? 0 : 1;
            await PreDumpTool.End(tool, Signal.Continue);

            Assert.Equal(0, tool.ExitCode);
            Assert.DoesNotContain("given up", File.ReadAllText(scratch["log"]));
        }
        Assert.True(inTheCopy > 0, "no stop came in the copy");
    }

    // Up to this number of microseconds after the start of the freeze; it is not hit every time.
    private static async Task InsideTheFreeze(Victim victim, int latest, Func<Process, string, Task> fate)
    {
        var inside = 0;
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            using var scratch = new Scratch();
            using var tool = await Command.Start("/usr/bin/python3", ["-c", InItsOwnGroup, await PreDumpTool.File(),
                "--tree", $"{victim.Pid}", "--images-dir", scratch.Path]);
            SpinUntil(() => IsTraced(victim.Pid) || tool.HasExited);
            Spin(Random.Shared.Next(0, latest + 1));
            if (IsTraced(victim.Pid))
                inside++;
            await fate(tool, scratch.Path);
        }
        Assert.True(inside > 0, $"none of {Tries} signals came inside the freeze");
    }

    private static async Task AssertCompleteOrNotSoLooking(string images)
    {
        if (!File.Exists(Path.Combine(images, "inventory.img")))
            return;
        await Requires.PageOracle();
        var directory = await DecodedImages.Read(images);
        Assert.NotEmpty(directory.Tasks);
        Assert.All(directory.Tasks.Values, task => task.AssertWellFormed());
    }

    private static bool IsTraced(int pid) => ProcessView.Status(pid, "TracerPid") is not (null or "0");

    private static void SpinUntil(Func<bool> condition)
    {
        while (!condition())
            Thread.SpinWait(10);
    }

    private static void Spin(int microseconds)
    {
        var watch = Stopwatch.StartNew();
        SpinUntil(() => watch.Elapsed.TotalMicroseconds >= microseconds);
    }
}
