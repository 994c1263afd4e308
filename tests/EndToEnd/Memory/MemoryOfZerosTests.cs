using System.Globalization;
using Xunit;

namespace PreDump.Tests.EndToEnd.Memory;

/// <summary>Memory that holds only zeros, with pages found by PAGEMAP_SCAN and entry by entry: the images contain it if it counts
/// as content, and it takes no disk space.</summary>
public sealed class MemoryOfZerosTests
{
    private const int Pages = 256; // of tests/victims/zeros.c

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Zeros_that_were_written_are_copied_and_take_no_room(bool byEntries) => AssertCopied("written", byEntries);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Where_there_is_no_zero_page_memory_that_was_only_read_is_copied_and_takes_no_room(bool byEntries)
    {
        Requires.NoZeroPage();
        return AssertCopied("read", byEntries);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_zero_page_is_not_copied(bool byEntries)
    {
        Requires.ZeroPage();
        Assert.Equal(0, (await Dump("read", byEntries)).Copied);
    }

    private static async Task AssertCopied(string how, bool byEntries)
    {
        var (copied, length, used) = await Dump(how, byEntries);
        Assert.Equal(Pages, copied);
        // Most of it: if a sequence continues in the next batch, the remainder may be too short for a hole.
        Assert.InRange(used, 0, length - (Pages * (long)Mapping.PageSize * 3 / 4));
    }

    // The number of zero pages in the images, the length of the pages file, and the bytes of the disk that it uses.
    private static async Task<(int Copied, long Length, long Used)> Dump(string how, bool byEntries)
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("zeros", how);
        await victim.Stop();
        using var scratch = new Scratch();
        var result = await Command.Run(await PreDumpTool.File(), ["--tree", $"{victim.Pid}", "--images-dir", scratch.Path],
            environment: byEntries ? new Dictionary<string, string> { ["LD_PRELOAD"] = Victim.FileOf("noscan.so") } : null);
        Assert.True(result.ExitCode == 0, result.ToString());
        await PageComparison.AssertSame(victim, scratch.Path);
        var image = (await DecodedImages.Read(scratch.Path)).Tasks[victim.Pid];
        var zeros = Assert.Single(Mapping.Of(victim.Pid), mapping => mapping is { Pages: Pages, Name: "", Protection: "rw-p" });
        var blocks = await Command.Must("/usr/bin/stat", "-c", "%b", image.PagesFile);
        return (image.Places().Keys.Count(page => page >= zeros.Start && page < zeros.End), new FileInfo(image.PagesFile).Length,
            512 * long.Parse(blocks, CultureInfo.InvariantCulture));
    }
}
