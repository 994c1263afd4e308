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

    private static bool IsSteady(Mapping mapping) => mapping is { Pages: 256, Protection: "rw-p", Name: "" };
}
