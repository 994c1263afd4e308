using Xunit;

namespace PreDump.Tests.EndToEnd.Victims;

/// <summary>The victim dies at a random moment of the run: the tool ends too, with complete images or without any.</summary>
public sealed class DyingVictimTests
{
    [Theory]
    [InlineData("plain", 65536)]
    [InlineData("processes", 50)]
    [InlineData("manythreads", 200)]
    public async Task Images_of_a_victim_that_dies_are_whole_or_none(string program, int size)
    {
        await Requires.PageOracle();
        for (var attempt = 0; attempt < 15; attempt++)
        {
            await using var victim = await Victim.Start(program, size);
            using var scratch = new Scratch();
            var running = PreDumpTool.Run("--tree", $"{victim.Pid}", "--images-dir", scratch.Path, "--json");
            await Task.Delay(Random.Shared.Next(0, 60), TestContext.Current.CancellationToken);
            await victim.DisposeAsync();

            var result = await Eventually.Within(running, "the end of the tool");

            if (result.ExitCode == 0)
            {
                var images = await DecodedImages.Read(scratch.Path);
                Assert.All(images.Tasks.Values, task => task.AssertWellFormed());
                Assert.Equal(0, images.Inventory.GetProperty("img_version").GetInt32());
            }
            else
            {
                Refusal.Line(Refusal.Failure, result);
                Assert.Empty(Directory.GetFileSystemEntries(scratch.Path));
            }
        }
    }

    [Fact]
    public async Task A_task_that_dies_spoils_no_images_of_its_tree()
    {
        await Requires.PageOracle();
        for (var attempt = 0; attempt < 15; attempt++)
        {
            await using var victim = await Victim.Start("processes", 20);
            var leaf = victim.Tree[^1];
            using var scratch = new Scratch();
            var running = PreDumpTool.Dump(victim.Pid, scratch.Path);
            await Task.Delay(Random.Shared.Next(0, 20), TestContext.Current.CancellationToken);
            Signal.Send(leaf, Signal.Kill);

            await Eventually.Within(running, "the end of the tool");

            var images = await DecodedImages.Read(scratch.Path);
            Assert.Superset(victim.Tree.Where(pid => pid != leaf).ToHashSet(), images.Tasks.Keys.ToHashSet());
            Assert.All(images.Tasks.Values, task => task.AssertWellFormed());
        }
    }
}
