using System.Text.Json.Nodes;
using PreDump.Images;
using Xunit;
using static PreDump.Tests.EndToEnd.Content.ContentRoundsTests;

namespace PreDump.Tests.EndToEnd.Images;

/// <summary>`--stripes`: the pages of a round in several directories, and what all other commands make of them.</summary>
public sealed class StripesTests
{
    [Fact]
    public async Task Striped_rounds_are_a_chain_like_any_other()
    {
        await using var victim = await Started("move");
        using var rounds = new ContentRounds(victim);
        var first = await rounds.Make("1", null, "--stripes", "3", "--threads", "4");
        Assert.Equal(3, first.GetProperty("stripes").GetInt32());
        Assert.True(Pages(first, "written") > 2000);
        Assert.Equal(["1", "2"], Names(rounds["1/stripes"]));
        Assert.All(new[] { "1", "1/stripes/1", "1/stripes/2" }, part => Assert.NotEqual(0, PagesBytes(rounds[part])));
        await rounds.AssertExact("1");

        await rounds.Change();
        var second = await rounds.Make("2", "1", "--stripes", "2");
        Assert.InRange(Pages(second, "written"), 1000, Pages(first, "written") - 500);
        Assert.All(new[] { "2", "2/stripes/1" }, part => Assert.NotEqual(0, PagesBytes(rounds[part])));
        await rounds.AssertExact("2");
        Assert.Equal(0, Pages(await rounds.Make("3", "2"), "written"));
        await rounds.AssertExact("3");
    }

    [Fact]
    public async Task Show_and_verify_count_them_as_one_round()
    {
        await using var victim = await Started("move");
        using var rounds = new ContentRounds(victim);
        var first = await rounds.Make("1", null, "--stripes", "4");
        await rounds.Make("2", "1", "--stripes", "2");
        var shown = JsonNode.Parse(await Command.Must(await PreDumpTool.File(), "show", rounds["1"], "--json"))!;
        Assert.Equal((1, 4), ((int)shown["rounds"]!, (int)shown["stripes"]!));
        Assert.Equal((Pages(first, "written"), 0), Sums(shown));
        shown = JsonNode.Parse(await Command.Must(await PreDumpTool.File(), "show", rounds["2"], "--json"))!;
        Assert.Equal((2, 2, "../1"), ((int)shown["rounds"]!, (int)shown["stripes"]!, (string?)shown["parent"]));
        Assert.Equal((0, Pages(first, "written")), Sums(shown));
        Assert.Contains($"{Pages(first, "written")} pages here, 0 in the parent, 1 round in the chain",
            await Command.Must(await PreDumpTool.File(), "verify", rounds["1"]));

        File.Delete(rounds["1/stripes/2/parent"]);
        Assert.Contains("left to the parent, and there is no parent",
            (await PreDumpTool.Run("verify", rounds["1"])).ToString());
    }

    [Fact]
    public async Task What_a_striped_round_replaces_is_freed_in_all_stripes_of_its_parent()
    {
        await using var victim = await Started("move");
        using var rounds = new ContentRounds(victim);
        await rounds.Make("1", null, "--stripes", "3");
        await rounds.Change();
        var second = await rounds.Make("2", "1", "--stripes", "2");
        string said = (await PreDumpTool.Run("dedup", rounds["2"])).Output;
        Assert.Contains($"{Pages(second, "written")} pages, ", said);
        await rounds.AssertExact("2");
    }

    [Fact]
    public async Task Squashed_images_need_no_stripes()
    {
        await using var victim = await Started("move");
        using var rounds = new ContentRounds(victim);
        var first = await rounds.Make("1", null, "--stripes", "3");
        await rounds.Change();
        await rounds.Make("2", "1", "--stripes", "2");
        var made = JsonNode.Parse(await Command.Must(
            await PreDumpTool.File(), "squash", rounds["2"], "-o", rounds["made"], "--json"))!;
        Assert.Equal(2, (int)made["rounds"]!);
        Assert.InRange((long)made["pages_from_parents"]!, 1, Pages(first, "written") - 1);
        await Command.Must(await PreDumpTool.File(), "squash", rounds["1"], "--in-place");
        Assert.DoesNotContain(ImageNames.Stripes, Names(rounds["1"]));
        Assert.Empty(Names(rounds.Home).Except(["1", "2", "made"]));
        await rounds.AssertExact("2");
        Directory.Delete(rounds["1"], recursive: true);
        await rounds.AssertExact("made");
    }

    [Fact]
    public async Task A_round_that_fails_leaves_none()
    {
        await using var disk = await TinyDisk.Mount(4 * 1024 * 1024);
        await using var victim = await Started("move");
        Refusal.Line(Refusal.Failure,
            await PreDumpTool.Run("-t", $"{victim.Pid}", "-D", disk.Path, "--stripes", "3", "--track", "content"));
        Assert.Empty(Names(disk.Path));
    }

    [Fact]
    public async Task A_parent_link_that_is_there_already_is_not_replaced()
    {
        await using var victim = await Started("move");
        using var rounds = new ContentRounds(victim);
        await rounds.Make("1");
        string[] words = rounds.Words("2", "1", "--stripes", "2");
        File.CreateSymbolicLink(rounds["2/parent"], "../1");
        string line = Refusal.Line(Refusal.Failure, await PreDumpTool.Run(words));
        Assert.Contains("has a parent link to ../1, which can't lead to stripes", line);
        Assert.Contains("--stripes", line);
        Assert.Equal(["parent"], Names(rounds["2"]));
    }

    [Fact]
    public async Task The_mark_of_a_stripe_does_not_make_a_whole_round_one()
    {
        await using var victim = await Started("move");
        using var rounds = new ContentRounds(victim);
        await rounds.Make("1");
        File.WriteAllBytes(rounds[$"1/{ImageNames.StripeMark}"], []);
        var made = JsonNode.Parse(await Command.Must(
            await PreDumpTool.File(), "squash", rounds["1"], "-o", rounds["made"], "--json"))!;
        Assert.Equal(1, (int)made["rounds"]!);
        Assert.DoesNotContain(ImageNames.StripeMark, Names(rounds["made"]));
    }

    /// <summary>A chain of more than 1000 directories could not be read.</summary>
    [Fact]
    public async Task A_round_that_would_make_the_chain_too_long_is_refused()
    {
        await using var victim = await Started("nothing");
        using var rounds = new ContentRounds(victim);
        await rounds.Make("1", null, "--stripes", "64");
        for (int round = 2; round <= 15; round++)
            await rounds.Make($"{round}", $"{round - 1}", "--stripes", "64");
        var refused = await rounds.Try("16", "15", "--stripes", "64");
        Assert.Contains("1024 directories", Refusal.Line(Refusal.Failure, refused));
        Assert.Empty(Names(rounds["16"]));
        await rounds.Make("16", "15", "--stripes", "40");
        await rounds.AssertExact("16");
        Assert.Contains("would have 1001 directories", Refusal.Line(Refusal.Failure, await rounds.Try("17", "16")));
        Assert.Empty(Names(rounds["17"]));
    }

    /// <summary>Blocks that one file has reserved must not be missing in another one.</summary>
    [Fact]
    public async Task They_take_no_more_room_than_one_directory()
    {
        Requires.Root();
        using var scratch = new Scratch();
        File.Create(scratch["disk"]).Dispose();
        await Command.Must("/usr/bin/truncate", "-s", "80M", scratch["disk"]);
        var made = await Command.Run("/sbin/mkfs.ext4", ["-q", "-m", "0", "-O", "^has_journal", scratch["disk"]]);
        Assert.SkipUnless(made.ExitCode == 0, $"no ext4: {made.Errors}");
        string disk = scratch.Folder("mounted");
        var mounted = await Command.Run("/bin/mount", ["-o", "loop", scratch["disk"], disk]);
        Assert.SkipUnless(mounted.ExitCode == 0, $"no ext4 on a file here: {mounted.Errors}");
        try
        {
            await using var victim = await Victim.Start("plain", 15360);
            var round = await PreDumpTool.Run("-t", $"{victim.Pid}", "-D", disk, "--track", "content", "--stripes", "8");
            Assert.True(round.ExitCode == 0, round.ToString());
        }
        finally
        {
            await Command.Must("/bin/umount", disk);
        }
    }

    private static string?[] Names(string directory) =>
        [.. Directory.GetFileSystemEntries(directory).Select(Path.GetFileName).Order(StringComparer.Ordinal)];

    private static long PagesBytes(string directory) =>
        Directory.GetFiles(directory, "pages-*.img").Sum(file => new FileInfo(file).Length);

    private static (long Present, long InParent) Sums(JsonNode shown) => (
        shown["pagemaps"]!.AsArray().Sum(task => (long)task!["pages_present"]!),
        shown["pagemaps"]!.AsArray().Sum(task => (long)task!["pages_in_parent"]!));
}
