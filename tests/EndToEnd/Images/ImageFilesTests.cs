using System.Text.Json;
using Xunit;

namespace PreDump.Tests.EndToEnd.Images;

/// <summary>The files of an images directory: their kinds, their modes, and the contents of the small ones.</summary>
public sealed class ImageFilesTests
{
    [Fact]
    public async Task Crit_shows_every_image()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("processes", 3);
        using var scratch = new Scratch();
        await PreDumpTool.Dump(victim.Pid, scratch.Path);

        var names = Directory.GetFiles(scratch.Path).Select(Path.GetFileName)
            .Where(name => name is not ("predump-frames" or "predump-by-content")).Order(StringComparer.Ordinal).ToList();
        var tasks = victim.Tree.Select(pid => $"pagemap-{pid}.img");
        Assert.Equal(["inventory.img", .. tasks.Order(StringComparer.Ordinal), "pages-1.img", "pages-2.img", "pages-3.img",
            "stats-dump"], names);
        foreach (var name in names.Where(name => !name!.StartsWith("pages-", StringComparison.Ordinal)))
        {
            var shown = JsonDocument.Parse(await Command.Must("/usr/bin/crit", "show", scratch[name!])).RootElement;
            Assert.NotEqual(0, shown.GetProperty("entries").GetArrayLength());
        }
    }

    [Fact]
    public async Task Only_the_owner_may_read_images()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        await PreDumpTool.Dump(victim.Pid, scratch.Path);
        Assert.All(Directory.GetFiles(scratch.Path),
            path => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path)));
    }

    [Fact]
    public async Task Only_the_owner_may_read_images_whatever_the_umask_and_whatever_was_there()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var everybody = (UnixFileMode)0b110_110_110;
        foreach (var name in new[] { "stats-dump", "predump.log" })
        {
            File.WriteAllText(scratch[name], "of an earlier run, and longer than what is written now".PadRight(10_000));
            File.SetUnixFileMode(scratch[name], everybody);
        }
        await Command.Must("/bin/sh", "-c", "umask 0; exec \"$@\"", "sh", await PreDumpTool.File(),
            "-t", $"{victim.Pid}", "-D", scratch.Path, "-o", "predump.log", "-v4");
        Assert.All(Directory.GetFiles(scratch.Path), path =>
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            Assert.DoesNotContain("of an earlier run", File.ReadAllText(path));
        });
    }

    [Fact]
    public async Task The_inventory_says_when_the_tree_was_frozen()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var before = Uptime();
        await PreDumpTool.Dump(victim.Pid, scratch.Path);
        var after = Uptime() + UptimeStep;

        var inventory = (await DecodedImages.Read(scratch.Path)).Inventory;
        Assert.Equal(0, inventory.GetProperty("img_version").GetInt32());
        Assert.Equal(2, inventory.GetProperty("pre_dump_mode").GetInt32());
        Assert.InRange(inventory.GetProperty("dump_uptime").GetInt64(), before, after);
    }

    [Fact]
    public async Task Statistics_agree_with_the_images_and_with_the_summary()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("processes", 7);
        using var scratch = new Scratch();
        await victim.Stop();
        var summary = await PreDumpTool.Dump(victim.Pid, scratch.Path);

        var images = await DecodedImages.Read(scratch.Path);
        var inImages = images.Tasks.Values.Sum(task => task.Places().Count);
        Assert.Equal(inImages, images.DumpStats.GetProperty("pages_written").GetInt64());
        Assert.Equal(0, images.DumpStats.GetProperty("pages_skipped_parent").GetInt64());
        Assert.Equal(0, images.DumpStats.GetProperty("pages_lazy").GetInt64());
        Assert.True(images.DumpStats.GetProperty("pages_scanned").GetInt64() >= inImages);
        Assert.True(images.DumpStats.GetProperty("frozen_time").GetInt64() > 0);

        Assert.Equal(inImages, summary.GetProperty("pages_written").GetInt64());
        Assert.Equal(inImages * 4096L, summary.GetProperty("bytes_written").GetInt64());
        Assert.Equal(0, summary.GetProperty("pages_in_parent").GetInt64());
        Assert.Equal(7, summary.GetProperty("tasks").GetInt32());
        Assert.Equal(7, summary.GetProperty("threads").GetInt32());
        Assert.Equal(victim.Tree.Sum(pid => Mapping.Of(pid).Count), summary.GetProperty("vmas").GetInt32());
        Assert.Equal(scratch.Path, summary.GetProperty("images_dir").GetString());
        Assert.True(summary.GetProperty("total_us").GetInt64() >= summary.GetProperty("frozen_us").GetInt64());
    }

    [Fact]
    public async Task Statistics_go_to_the_work_directory()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var (images, work) = (scratch.Folder("images"), scratch.Folder("work"));
        await PreDumpTool.Dump(victim.Pid, images, "--work-dir", work, "-o", "predump.log", "-v4");

        Assert.True(File.Exists(Path.Combine(images, "inventory.img")));
        Assert.False(File.Exists(Path.Combine(images, "stats-dump")));
        Assert.True(File.Exists(Path.Combine(work, "stats-dump")));
        Assert.NotEqual(0, new FileInfo(Path.Combine(work, "predump.log")).Length);
    }

    /// <summary>/proc/uptime has a resolution of 10 ms.</summary>
    private const long UptimeStep = 10_000;

    private static long Uptime() => (long)(decimal.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0]) * 1_000_000);
}
