using System.Text.Json;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.Content;

/// <summary>Rounds that compare all memory with the parent's chain, on any kernel: exactly what has other bytes is written, and
/// the chain holds the tree's memory.</summary>
public sealed class ContentRoundsTests
{
    private const long Table = 512, Area = 4 * Table, Some = 100; // pages, as in changes.c
    private const long Noise = 16; // pages: the stack, the C library's own

    [Theory]
    [InlineData("nothing", 0, 0)]
    [InlineData("write", 3, 0)]
    [InlineData("rewrite", 0, 0)]
    [InlineData("move", 2 * Table, 0)]
    [InlineData("there-and-back", 3, 0)]
    [InlineData("zero", Some, 0)]
    [InlineData("drop", 0, Some)]
    [InlineData("unmap", 0, Table)]
    [InlineData("huge", 4, 0)]
    public async Task Only_what_has_other_bytes_is_written(string what, long written, long gone)
    {
        await using var victim = await Started(what);
        using var rounds = new ContentRounds(victim);
        var first = await rounds.Make("1");
        await rounds.Change();

        var second = await rounds.Make("2", "1");

        Assert.InRange(Pages(second, "written"), written, written + Noise);
        Assert.InRange(Pages(second, "in_parent") + Pages(second, "written"),
            Pages(first, "written") - gone - Noise, Pages(first, "written") - gone + Noise);
        Assert.Equal("content", second.GetProperty("tracking").GetString());
        Assert.False(second.GetProperty("soft_dirty").GetBoolean());
        await rounds.AssertExact("2");
        Assert.InRange(Pages(await rounds.Make("3", "2"), "written"), 0, 0); // it is stopped
        await rounds.AssertExact("3");
    }

    [Fact]
    public async Task What_was_swapped_out_is_the_parents()
    {
        await using var swap = await SwapFile.Create();
        await using var victim = await Started("pageout");
        using var rounds = new ContentRounds(victim);
        await rounds.Make("1");
        await rounds.Change();
        Assert.InRange(Pages(await rounds.Make("2", "1"), "written"), 0, Noise);
        await rounds.AssertExact("2");
    }

    /// <summary>Its memory, which was its parent's, is in no image of its own.</summary>
    [Fact]
    public async Task A_new_task_is_copied_in_full_and_then_compared()
    {
        await using var victim = await Started("fork");
        using var rounds = new ContentRounds(victim);
        await rounds.Make("1");
        await rounds.Change();
        Assert.InRange(Pages(await rounds.Make("2", "1"), "written"), Area, Area + 200);
        Assert.Equal(0, Pages(await rounds.Make("3", "2"), "written"));
        await rounds.AssertExact("3");
    }

    [Fact]
    public async Task A_task_that_has_ended_is_in_no_later_round()
    {
        await using var victim = await Started("exit");
        using var rounds = new ContentRounds(victim);
        Assert.Equal(2, (await rounds.Make("1")).GetProperty("tasks").GetInt32());
        await rounds.Change();
        Assert.Equal(1, (await rounds.Make("2", "1")).GetProperty("tasks").GetInt32());
        Assert.Single(Directory.GetFiles(rounds["2"]), path => ImageNames.PidOfPagemap(Path.GetFileName(path)) is not null);
        await rounds.AssertExact("2");
    }

    /// <summary>Another task has the pid of one in the parent: only its bytes count. (A quarter of them is different.)</summary>
    [Fact]
    public async Task A_pid_that_is_used_again_is_compared_like_any_other()
    {
        Requires.Root();
        await using var victim = await Started("reuse");
        using var rounds = new ContentRounds(victim);
        await rounds.Make("1");
        await rounds.Change();
        Assert.InRange(Pages(await rounds.Make("2", "1"), "written"), Table, Table + 2 * Noise);
        await rounds.AssertExact("2");
    }

    [Fact]
    public async Task A_task_that_runs_another_program_is_compared_like_any_other()
    {
        await using var victim = await Started("exec");
        using var rounds = new ContentRounds(victim);
        await rounds.Make("1");
        await rounds.Change();
        Assert.InRange(Pages(await rounds.Make("2", "1"), "written"), Area, Area + 400);
        await rounds.AssertExact("2");
    }

    [Fact]
    public async Task Two_chains_side_by_side_on_one_parent_are_both_whole()
    {
        await using var victim = await Started("write");
        using var rounds = new ContentRounds(victim);
        await rounds.Make("0");
        await rounds.Make("left-1", "0");
        await rounds.Change();
        Assert.InRange(Pages(await rounds.Make("right-1", "0"), "written"), 3, Noise);
        Assert.Equal(0, Pages(await rounds.Make("right-2", "right-1"), "written"));
        Assert.InRange(Pages(await rounds.Make("left-2", "left-1"), "written"), 3, Noise);
        await rounds.AssertExact("left-2");
        await rounds.AssertExact("right-2");
        Assert.Equal([rounds["left-1"], rounds["right-1"]], rounds.Children("0"));
    }

    /// <summary>Whenever it comes: nothing was taken from the parent.</summary>
    [Fact]
    public async Task A_round_that_is_killed_costs_nothing()
    {
        await using var victim = await Victim.Start("plain", 20_000);
        await victim.Stop();
        using var rounds = new ContentRounds(victim);
        await rounds.Make("1");
        string[] before = Names(rounds["1"]);
        int killed = 0;
        for (int i = 0; i < 40; i++)
        {
            using var tool = await PreDumpTool.Start(rounds.Words($"killed{i}", "1"));
            await Task.Delay(i, TestContext.Current.CancellationToken);
            await PreDumpTool.End(tool, Signal.Kill);
            if (!File.Exists(rounds[$"killed{i}/inventory.img"]))
            {
                killed++;
                Assert.Subset(new HashSet<string>([.. before, ImageNames.ChildrenByContent]), Names(rounds["1"]).ToHashSet());
            }
        }
        Assert.True(killed > 3, $"{killed} were killed in time");
        await Eventually.True(() => ProcessView.State(victim.Pid, victim.Pid) == 'T', "the victim is as it was");
        Assert.InRange(Pages(await rounds.Make("2", "1"), "written"), 0, Noise);
        await rounds.AssertExact("2");
        Tally.Count("rounds by content killed", killed);
    }

    [Fact]
    public async Task A_disk_that_is_full_costs_no_chain()
    {
        await using var victim = await Victim.Start("plain", 1000);
        await victim.Stop();
        await using var disk = await TinyDisk.Mount(1 << 20);
        using var rounds = new ContentRounds(victim);
        await rounds.Make("1");
        Directory.CreateSymbolicLink(Path.Combine(disk.Path, "1"), rounds["1"]);
        await ChangeAll(victim, 1000);

        string full = Directory.CreateDirectory(Path.Combine(disk.Path, "2")).FullName;
        var line = await Refusal.Of(Refusal.Failure, full,
            "-t", $"{victim.Pid}", "--track", "content", "--prev-images-dir", "../1");

        Assert.Contains("No space left", line);
        Assert.Empty(rounds.Children("1"));
        Assert.InRange(Pages(await rounds.Make("2", "1"), "written"), 1000, 1000 + Noise);
        await rounds.AssertExact("2");
    }

    [Fact]
    public async Task Many_threads_and_a_limited_rate_write_the_same()
    {
        await using var victim = await Started("move");
        using var rounds = new ContentRounds(victim);
        await rounds.Make("1", null, "--threads", "8");
        await rounds.Change();
        var one = await rounds.Make("2", "1", "--threads", "1");
        var eight = await rounds.Make("3", "1", "--threads", "8", "--max-rate", "64M");
        Assert.Equal(Pages(one, "written"), Pages(eight, "written"));
        await rounds.AssertExact("2");
        await rounds.AssertExact("3");
    }

    internal static long Pages(JsonElement summary, string where) => summary.GetProperty($"pages_{where}").GetInt64();

    internal static async Task<Victim> Started(string what)
    {
        Requires.Root();
        var victim = await Victim.Start("changes", what);
        await victim.Stop();
        return victim;
    }

    // Each page of its one large mapping, by its first byte.
    private static Task ChangeAll(Victim victim, ulong pages)
    {
        var mapping = Assert.Single(Mapping.Of(victim.Pid), one => one.Pages == pages && one.Protection == "rw-p");
        using var memory = File.OpenHandle($"/proc/{victim.Pid}/mem", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        for (ulong at = mapping.Start; at < mapping.Start + pages * Mapping.PageSize; at += Mapping.PageSize)
            RandomAccess.Write(memory, [0x5a], (long)at);
        return Task.CompletedTask;
    }

    private static string[] Names(string directory) =>
        [.. Directory.GetFileSystemEntries(directory).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
