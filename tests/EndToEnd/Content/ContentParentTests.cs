using PreDump.Images;
using Xunit;
using static PreDump.Tests.EndToEnd.Content.ContentRoundsTests;

namespace PreDump.Tests.EndToEnd.Content;

/// <summary>Which images can be the parent of a round by content, what is refused, and when a parent's pages may be
/// freed.</summary>
public sealed class ContentParentTests
{
    /// <summary>Parents whose tracking is worth nothing: their bytes are as good as ever.</summary>
    [Theory]
    [InlineData("claimed by a round that failed")]
    [InlineData("of an earlier boot")]
    [InlineData("used by another round")]
    [InlineData("a page server's")]
    [InlineData("a final dump")]
    public async Task Whatever_holds_the_bytes_can_be_the_parent(string kind)
    {
        await using var victim = await Resting();
        using var rounds = new ContentRounds(victim);
        await rounds.Make("1");
        Become(kind, rounds["1"]);
        var second = await rounds.Make("2", "1");
        Assert.Equal(0, Pages(second, "written"));
        await rounds.AssertExact("2");
        Assert.Equal(0, Pages(await rounds.Make("3", "2"), "written"));
    }

    [Fact]
    public async Task Soft_dirty_is_refused_upon_a_round_by_content()
    {
        await using var victim = await Resting();
        using var rounds = new ContentRounds(victim);
        await rounds.Make("1");
        var before = VictimState.OfTree(victim);
        string line = Refusal.Line(Refusal.Failure, await rounds.Try("2", "1", "--track", "soft-dirty"));
        Assert.Contains($"{rounds["1"]} was made by comparing contents", line);
        Assert.Contains("--track", line);
        Assert.Equal(before, VictimState.OfTree(victim));
        Assert.Empty(Directory.GetFileSystemEntries(rounds["2"]));
        Assert.Equal("content", (await rounds.Make("2", "1", "--track", "auto")).GetProperty("tracking").GetString());
    }

    [Fact]
    public async Task Auto_is_content_where_the_kernel_has_no_soft_dirty()
    {
        Requires.NoSoftDirty();
        await using var victim = await Resting();
        using var rounds = new ContentRounds(victim);
        Assert.Equal("content", (await rounds.Make("1", null, "--track", "auto")).GetProperty("tracking").GetString());
        Assert.Equal(0, Pages(await rounds.Make("2", "1", "--track", "auto"), "written"));
        Assert.Contains("no soft-dirty", Refusal.Line(Refusal.Failure, await rounds.Try("3", "2", "--track", "soft-dirty"))
            .Replace("was made by comparing contents", "no soft-dirty", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--no-compare")]
    [InlineData("--trust-soft-dirty")]
    public async Task Options_of_soft_dirty_make_no_sense_by_content(string option)
    {
        var line = Refusal.Line(Refusal.Usage, await PreDumpTool.Run("-t", "1", "-D", "/", "--track", "content", option));
        Assert.Contains($"{option}: by content", line);
    }

    [Fact]
    public async Task A_way_of_tracking_that_does_not_exist_is_refused() =>
        Assert.Contains("auto, soft-dirty or content", Refusal.Line(Refusal.Usage,
            await PreDumpTool.Run("-t", "1", "-D", "/", "--track", "kernel")));

    [Fact]
    public async Task Another_trees_images_are_no_parent()
    {
        await using var victim = await Resting();
        await using var other = await Resting();
        using var rounds = new ContentRounds(victim);
        using var others = new ContentRounds(other);
        await others.Make("1");
        Directory.CreateSymbolicLink(rounds["1"], others["1"]);
        Assert.Contains($"has no images of task {victim.Pid}", Refusal.Line(Refusal.Failure, await rounds.Try("2", "1")));
    }

    public static TheoryData<string> Damages() => [.. HostileChain.Damages];

    /// <summary>Refused before the tree is frozen, or of no matter.</summary>
    [Theory]
    [MemberData(nameof(Damages))]
    public async Task A_damaged_parent_is_refused(string damage)
    {
        await using var victim = await Victim.Start("plain", 8);
        using var chain = new HostileChain(victim.Pid, 1, damage);
        var before = VictimState.OfTree(victim);
        await Refusal.Of(Refusal.Failure, chain.Third, "-t", $"{victim.Pid}", "--track", "content", "--prev-images-dir", "../2");
        await VictimState.AssertUnchanged(before, victim);
    }

    [Fact]
    public async Task Pages_are_freed_for_an_only_child_and_never_under_another()
    {
        await using var victim = await Resting();
        using var rounds = new ContentRounds(victim);
        await rounds.Make("1");
        await rounds.Make("2", "1");
        Assert.Equal(0, (await PreDumpTool.Run("dedup", rounds["2"])).ExitCode); // an only child
        await rounds.Make("3", "1");

        foreach (var (one, other) in ((string, string)[])[("2", "3"), ("3", "2")])
            Assert.Contains($"{rounds[other]} was made on {rounds["1"]}, too, and needs its pages",
                Refusal.Line(Refusal.Failure, await PreDumpTool.Run("dedup", rounds[one])));
        var warned = await rounds.Try("4", "2", "--auto-dedup");
        Assert.True(warned.ExitCode == 0, warned.ToString());
        Assert.Contains("was made on", Assert.Single(warned.ErrorLines));
        await rounds.AssertExact("3");
        await rounds.AssertExact("4");

        File.WriteAllText(rounds[$"1/{ImageNames.ChildrenByContent}"], $"{rounds["2"]}\n"); // as it says
        Directory.Delete(rounds["3"], recursive: true);
        Assert.Equal(0, (await PreDumpTool.Run("dedup", rounds["4"])).ExitCode);
        await rounds.AssertExact("4");
    }

    [Fact]
    public async Task A_chain_that_was_moved_as_a_whole_can_be_deduplicated()
    {
        await using var victim = await Resting();
        using var rounds = new ContentRounds(victim);
        await rounds.Make("old/1");
        await rounds.Make("old/2", "1");
        Directory.Move(rounds["old"], rounds["new"]);
        Assert.Equal(0, (await PreDumpTool.Run("dedup", rounds["new/2"])).ExitCode);
        await rounds.AssertExact("new/2");
    }

    [Fact]
    public async Task A_list_of_children_that_can_not_be_read_is_no_list_of_none()
    {
        await using var victim = await Resting();
        using var rounds = new ContentRounds(victim);
        await rounds.Make("1");
        await rounds.Make("2", "1");
        File.Delete(rounds[$"1/{ImageNames.ChildrenByContent}"]);
        await Command.Must("/usr/bin/mkfifo", rounds[$"1/{ImageNames.ChildrenByContent}"]);
        Assert.Contains(ImageNames.ChildrenByContent, Refusal.Line(Refusal.Failure,
            await Eventually.Within(PreDumpTool.Run("dedup", rounds["2"]), "an end")));
    }

    private static async Task<Victim> Resting()
    {
        var victim = await Victim.Start("plain", 300);
        await victim.Stop();
        return victim;
    }

    private static void Become(string kind, string round)
    {
        string inventory = Path.Combine(round, ImageNames.Inventory);
        switch (kind)
        {
            case "claimed by a round that failed":
                File.Move(inventory, Path.Combine(round, ImageNames.ClaimedInventory));
                break;
            case "of an earlier boot":
                var bytes = new byte[InventoryImage.MaxBytes];
                File.WriteAllBytes(inventory, bytes[..InventoryImage.Write(bytes, ulong.MaxValue / 2, 2)]);
                break;
            case "used by another round":
                File.WriteAllText(Path.Combine(round, ImageNames.Child), "/elsewhere\n17\n");
                break;
            case "a page server's":
                File.Delete(inventory);
                File.WriteAllText(Path.Combine(round, ImageNames.PageServerMark), "");
                break;
            default:
                File.Delete(Path.Combine(round, ImageNames.ByContent));
                File.WriteAllText(Path.Combine(round, "pstree.img"), "no matter");
                File.WriteAllText(Path.Combine(round, "core-1.img"), "no matter");
                break;
        }
    }
}
