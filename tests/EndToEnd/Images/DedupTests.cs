using PreDump.Core.Maintenance;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.Images;

/// <summary>Punching holes in the parents, on a file system that does not support it.</summary>
public sealed class DedupTests
{
    [Fact]
    public async Task Where_holes_can_not_be_punched_dedup_fails_and_a_round_only_warns()
    {
        Requires.Root();
        using var scratch = new Scratch();
        await Command.Must("/bin/mount", "-t", "ramfs", "ramfs", scratch.Path);
        try
        {
            using var folder = new HandmadeRounds(scratch.Path);
            string first = folder.Round("1"), second = folder.Round("2", "../1");
            var pages = folder.Task(first, 7, 1, (10, 4, PageFlags.Present));
            folder.Task(second, 7, 2, (10, 4, PageFlags.Present));
            var line = Refusal.Line(Refusal.Failure, await PreDumpTool.Run("dedup", second));
            Assert.Contains($"fallocate({pages})", line);
            var observed = new Observed();
            Dedup.RunAfterRound(() => ImageDirectory.Open(second), observed);
            Assert.Contains("the images are complete", Assert.Single(observed.Warnings));
            Assert.Empty(observed.Notes);
            Assert.Equal(Enumerable.Range(0, 4), HandmadeRounds.PagesLeft(pages));
        }
        finally
        {
            await Command.Must("/bin/umount", scratch.Path);
        }
    }
}
