using System.Globalization;
using Xunit;

namespace PreDump.Tests.EndToEnd.Images;

/// <summary>Pages written with O_DIRECT (--image-io-mode direct): the images are the same, and the page cache holds none
/// of them.</summary>
public sealed class DirectIoTests
{
    private const int Einval = 22;

    private static readonly string[] s_direct = ["--image-io-mode", "direct", "--threads", "4"];

    [Theory]
    [InlineData("plain", 8 * 256, null)]
    [InlineData("plain", 8 * 256, "/dev/shm")]
    [InlineData("sparse", null, null)]
    [InlineData("processes", 3, null)]
    public async Task Images_by_direct_IO_are_the_memory(string program, int? argument, string? where)
    {
        await Requires.PageOracle();
        await using var victim = argument is { } number ? await Victim.Start(program, number) : await Victim.Start(program);
        await victim.Stop();
        using var scratch = new Scratch(where);
        await PreDumpTool.Dump(victim.Pid, scratch.Path, s_direct);
        await PageComparison.AssertSame(victim, scratch.Path);
    }

    [Theory]
    [InlineData("buffered", true)]
    [InlineData("writeback", true)] // CRIU's name for it
    [InlineData("direct", false)]
    public async Task Images_by_direct_IO_are_not_in_the_page_cache(string mode, bool isCached)
    {
        using var scratch = new Scratch();
        await RequireDirectIo(scratch);
        await using var victim = await Victim.Start("plain", 8 * 256);
        await PreDumpTool.Dump(victim.Pid, scratch.Folder("images"), "--image-io-mode", mode);
        var pages = scratch["images/pages-1.img"];
        Assert.InRange(new FileInfo(pages).Length, 8 * 1024 * 1024, long.MaxValue);
        Assert.Equal(isCached ? new FileInfo(pages).Length : 0, await CachedBytes(pages));
    }

    [Fact]
    public async Task A_file_system_that_refuses_is_written_through_the_cache_with_one_warning()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("processes", 3);
        await victim.Stop();
        using var scratch = new Scratch();
        await Command.Must("/bin/mount", "-t", "ramfs", "ramfs", scratch.Path); // has no O_DIRECT
        try
        {
            var result = await PreDumpTool.Run(["--tree", $"{victim.Pid}", "--images-dir", scratch.Path, .. s_direct]);
            AssertWarnedOnce(result);
            await PageComparison.AssertSame(victim, scratch.Path);
        }
        finally
        {
            await Command.Must("/bin/umount", scratch.Path);
        }
    }

    /// <summary>As if blocks were larger than pages: the file can be opened with O_DIRECT, but writes fail. (The first one tries
    /// the directory.)</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(6)]
    public async Task A_write_that_is_refused_is_made_through_the_cache_with_one_warning(int write)
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("plain", 8 * 256);
        await victim.Stop();
        using var scratch = new Scratch();
        using var tool = new FaultyTool();
        var run = await tool.Run("pwrite", write, Einval, ["--tree", $"{victim.Pid}", "--images-dir", scratch.Path, .. s_direct]);
        Assert.Contains("pages-1.img", run?.Call);
        AssertWarnedOnce(run!.Value.Result);
        await PageComparison.AssertSame(victim, scratch.Path);
    }

    [Fact]
    public async Task Direct_IO_does_not_matter_with_a_page_server()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        string[] arguments = ["--tree", $"{victim.Pid}", "--images-dir", scratch.Path, "--page-server", "--port", "1",
            "-v4", .. s_direct];
        var result = await PreDumpTool.Run(arguments); // no server listens there
        Assert.Contains("debug: --image-io-mode direct: makes no difference", result.Errors);
        Assert.DoesNotContain("warning: --image-io-mode", result.Errors);
    }

    private static void AssertWarnedOnce(CommandResult result)
    {
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Single(result.ErrorLines, line => line.EndsWith("(--image-io-mode)", StringComparison.Ordinal));
    }

    private static async Task RequireDirectIo(Scratch scratch)
    {
        Requires.Program("/usr/bin/fincore", "util-linux");
        var probe = scratch["probe"];
        var written = await Command.Run("/bin/dd", ["if=/dev/zero", $"of={probe}", "bs=4096", "count=1", "oflag=direct"]);
        bool isDirect = written.ExitCode == 0 && await CachedBytes(probe) == 0;
        Assert.SkipUnless(isDirect, "needs a file system that writes past the page cache (TMPDIR)");
    }

    private static async Task<long> CachedBytes(string file)
    {
        var bytes = await Command.Must("/usr/bin/fincore", "--bytes", "--noheadings", "--output", "RES", file);
        return long.Parse(bytes, CultureInfo.InvariantCulture);
    }
}
