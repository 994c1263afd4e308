using Xunit;

namespace PreDump.Tests.EndToEnd.Memory;

/// <summary>Victims that change while they are dumped: the tool takes the memory that is there, and its files agree.</summary>
public sealed class ChangingVictimTests
{
    private const int Rounds = 5;

    [Fact]
    public async Task Memory_that_comes_and_goes_spoils_no_image()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("remapper");
        var steady = Mapping.Of(victim.Pid).Single(IsSteady);
        for (var round = 0; round < Rounds; round++)
        {
            using var scratch = new Scratch();
            await PreDumpTool.Dump(victim.Pid, scratch.Path);
            var image = (await DecodedImages.Read(scratch.Path)).Tasks[victim.Pid];
            image.AssertWellFormed();
            PageComparison.AssertHolds(victim.Pid, image, steady.Start, steady.End);
        }
        Assert.False(victim.HasExited);
    }

    [Fact]
    public async Task Tasks_that_come_and_go_spoil_no_tree()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("breeder");
        // READY is printed after the eight long-lived children were started and before the first short-lived one.
        var steady = ProcessView.Tree(victim.Pid).Take(1 + 8).ToHashSet();
        for (var round = 0; round < Rounds; round++)
        {
            using var scratch = new Scratch();
            await PreDumpTool.Dump(victim.Pid, scratch.Path);
            var images = await DecodedImages.Read(scratch.Path);
            Assert.Superset(steady, images.Tasks.Keys.ToHashSet());
            Assert.All(images.Tasks.Values, task => task.AssertWellFormed());
        }
        Assert.False(victim.HasExited);
    }

    [Fact]
    public async Task A_task_that_runs_ever_another_program_spoils_no_image()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("execer");
        for (var round = 0; round < 4 * Rounds; round++)
        {
            using var scratch = new Scratch();
            await PreDumpTool.Dump(victim.Pid, scratch.Path);
            (await DecodedImages.Read(scratch.Path)).Tasks[victim.Pid].AssertWellFormed();
        }
        Assert.False(victim.HasExited);
    }

    /// <summary>Only memory that is there and can't be read is worth that warning.</summary>
    [Theory]
    [InlineData("exec")]
    [InlineData("exec of a vfork child")]
    [InlineData("death")]
    public async Task A_task_that_goes_while_it_is_copied_is_not_called_broken_memory(string how)
    {
        const int Pages = 16384;
        await using var victim = how == "exec of a vfork child"
            ? await Victim.Start("becomer", Pages, "vfork") : await Victim.Start("becomer", Pages);
        using var scratch = new Scratch();
        var running = PreDumpTool.Run("--tree", $"{victim.Pid}", "--images-dir", scratch.Path, "--json",
            "--max-rate", $"{Pages * (long)Mapping.PageSize}", "--threads", "1");
        var copied = new FileInfo(scratch[how == "exec of a vfork child" ? "pages-2.img" : "pages-1.img"]);
        await Eventually.True(() => File.Exists(copied.FullName) && new FileInfo(copied.FullName).Length > 1 << 20,
            "the copy has begun");

        Signal.Send(victim.Tree[^1], how == "death" ? Signal.Kill : Signal.Usr1);

        var result = await Eventually.Within(running, "the end of the tool");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.DoesNotContain("broken memory", result.Errors);
        Assert.DoesNotContain("\"unreadable\"", result.Output);
        await Command.Must(await PreDumpTool.File(), "verify", scratch.Path);
    }

    private static bool IsSteady(Mapping mapping) => mapping is { Pages: 256, Protection: "rw-p", Name: "" };
}
