using Xunit;

namespace PreDump.Tests.EndToEnd.Cli;

/// <summary>Directories that can't take the images: a one-line error says which and why, and the victim is untouched.</summary>
public sealed class BadDirectoryTests
{
    [Fact]
    public Task An_images_directory_that_is_missing_is_refused() => Refused(scratch => scratch["missing"]);

    [Fact]
    public Task An_images_directory_that_is_a_file_is_refused() => Refused(scratch =>
    {
        File.WriteAllText(scratch["file"], "");
        return scratch["file"];
    });

    [Fact]
    public async Task An_images_directory_that_is_not_writable_is_refused()
    {
        Assert.SkipUnless(Directory.Exists("/sys/kernel"), "needs /sys");
        await Refused(_ => "/sys/kernel");
    }

    [Fact]
    public async Task An_images_directory_that_holds_images_is_refused()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        await PreDumpTool.Dump(victim.Pid, scratch.Path);
        var before = Content(scratch.Path);

        var line = await Refusal.Of(Refusal.Failure, scratch.Path, "--tree", $"{victim.Pid}");

        Assert.Contains(scratch.Path, line);
        Assert.Equal(before, Content(scratch.Path));
    }

    [Fact]
    public async Task An_images_directory_that_holds_images_of_another_pid_is_refused()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        File.WriteAllText(scratch["pagemap-1.img"], "someone's");
        await Refusal.Of(Refusal.Failure, scratch.Path, "--tree", $"{victim.Pid}");
        Assert.Equal("someone's", File.ReadAllText(scratch["pagemap-1.img"]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4096)]
    [InlineData(64 * 1024)]
    [InlineData(1024 * 1024)]
    public async Task A_disk_that_is_full_or_fills_up_is_an_error_and_leaves_nothing(int free)
    {
        await using var victim = await Victim.Start("plain", 4096);
        var before = VictimState.OfTree(victim);
        await using var disk = await TinyDisk.Mount(2 * 1024 * 1024);
        var images = Path.Combine(disk.Path, "images");
        Directory.CreateDirectory(images);
        File.WriteAllBytes(Path.Combine(disk.Path, "ballast"), new byte[2 * 1024 * 1024 - free]);

        var line = await Refusal.Of(Refusal.Failure, images, "--tree", $"{victim.Pid}");

        Assert.Contains("No space left on device", line);
        await VictimState.AssertUnchanged(before, victim);
    }

    [Fact]
    public async Task A_work_directory_that_is_missing_is_refused()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var line = await Refusal.Of(Refusal.Failure, scratch.Folder("images"), "--tree", $"{victim.Pid}",
            "--work-dir", scratch["missing"]);
        Assert.Contains(scratch["missing"], line);
    }

    /// <summary>Another user who may write to the directory plants a link under a name that predump writes.</summary>
    [Theory]
    [InlineData("pagemap-{0}.img")]
    [InlineData("pages-1.img")]
    [InlineData("inventory.img")]
    [InlineData(".inventory.img.new")]
    [InlineData("stats-dump")]
    public async Task A_link_planted_in_the_images_directory_is_not_followed(string name)
    {
        await using var victim = await Victim.Start("plain");
        var before = VictimState.OfTree(victim);
        using var scratch = new Scratch();
        var images = scratch.Folder("images");
        name = string.Format(name, victim.Pid);
        foreach (var exists in new[] { false, true })
        {
            if (exists)
                File.WriteAllText(scratch["target"], "mine");
            File.CreateSymbolicLink(Path.Combine(images, name), scratch["target"]);
            var line = Refusal.Line(Refusal.Failure,
                await PreDumpTool.Run("-D", images, "--tree", $"{victim.Pid}", "-o", "predump.log"));
            Assert.Contains(name, line);
            Assert.DoesNotContain(Directory.GetFiles(images, "*.img*"), path => Path.GetFileName(path) != name);
            Assert.Equal(exists, File.Exists(scratch["target"]));
            foreach (var left in Directory.GetFileSystemEntries(images))
                File.Delete(left);
        }
        Assert.Equal("mine", File.ReadAllText(scratch["target"]));
        await VictimState.AssertUnchanged(before, victim);
    }

    /// <summary>A second hard link would see what predump writes; a file of another user keeps its owner.</summary>
    [Theory]
    [InlineData("stats-dump")]
    [InlineData("predump.log")]
    public async Task A_file_of_others_is_not_written_into(string name)
    {
        Requires.Root();
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var images = scratch.Folder("images");
        var file = Path.Combine(images, name);
        File.WriteAllText(scratch["target"], "mine");
        await Command.Must("/bin/ln", scratch["target"], file);
        Assert.Contains(name, await Refused());
        Assert.Equal("mine", File.ReadAllText(scratch["target"]));
        File.Delete(file);
        File.WriteAllText(file, "theirs");
        await Command.Must("/bin/chown", "65534", file);
        Assert.Contains(name, await Refused());
        Assert.Equal("theirs", File.ReadAllText(file));

        async Task<string> Refused() => Refusal.Line(Refusal.Failure,
            await PreDumpTool.Run("--tree", $"{victim.Pid}", "-D", images, "-o", "predump.log"));
    }

    /// <summary>The user's own link is followed (LogFileTests).</summary>
    [Theory]
    [InlineData("the link's owner", "755")]
    [InlineData("the directory's mode", "777")]
    public async Task A_log_that_another_user_may_have_made_a_link_is_refused(string whose, string mode)
    {
        Requires.Root();
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var images = scratch.Folder("images");
        File.WriteAllText(scratch["target"], "mine");
        File.CreateSymbolicLink(Path.Combine(images, "predump.log"), scratch["target"]);
        await Command.Must("/bin/chmod", mode, images);
        if (whose == "the link's owner")
            await Command.Must("/bin/chown", "-h", "65534", Path.Combine(images, "predump.log"));
        Assert.Contains("predump.log", Refusal.Line(Refusal.Failure,
            await PreDumpTool.Run("--tree", $"{victim.Pid}", "-D", images, "-o", "predump.log")));
        Assert.Equal("mine", File.ReadAllText(scratch["target"]));
    }

    [Fact]
    public async Task A_log_that_is_a_FIFO_without_a_reader_is_not_waited_for_long()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        await Command.Must("/usr/bin/mkfifo", scratch["fifo"]);
        var line = Refusal.Line(Refusal.Failure, await Eventually.Within(
            PreDumpTool.Run("--tree", $"{victim.Pid}", "-D", scratch.Folder("images"), "-o", scratch["fifo"]), "the tool's end"));
        Assert.Contains("fifo", line);
    }

    private static async Task Refused(Func<Scratch, string> prepare)
    {
        await using var victim = await Victim.Start("plain");
        var before = VictimState.OfTree(victim);
        using var scratch = new Scratch();
        var images = prepare(scratch);

        var line = await Refusal.Of(Refusal.Failure, images, "--tree", $"{victim.Pid}");

        Assert.Contains(images, line);
        await VictimState.AssertUnchanged(before, victim);
    }

    private static Dictionary<string, string> Content(string directory) =>
        Directory.GetFiles(directory).ToDictionary(path => path, path => Convert.ToHexString(File.ReadAllBytes(path)));
}
