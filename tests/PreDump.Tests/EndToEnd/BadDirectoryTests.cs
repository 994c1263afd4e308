using PreDump.Tests.Support;
using Xunit;

namespace PreDump.Tests.EndToEnd;

/// <summary>Directories that can't take the images: one line says which and why, and the victim is left alone.</summary>
public sealed class BadDirectoryTests
{
    [Fact]
    public Task Missing() => Refused(scratch => scratch["missing"]);

    [Fact]
    public Task Not_a_directory() => Refused(scratch =>
    {
        File.WriteAllText(scratch["file"], "");
        return scratch["file"];
    });

    [Fact]
    public async Task Not_writable()
    {
        Assert.SkipUnless(Directory.Exists("/sys/kernel"), "needs /sys");
        await Refused(_ => "/sys/kernel");
    }

    [Fact]
    public async Task Already_holding_images()
    {
        await using var victim = await Victim.Fixture("plain");
        using var scratch = new Scratch();
        await PreDumpTool.Dump(victim.Pid, scratch.Path);
        var before = Content(scratch.Path);

        var line = await Refusal.Of(Refusal.Failure, scratch.Path, "--tree", $"{victim.Pid}");

        Assert.Contains(scratch.Path, line);
        Assert.Equal(before, Content(scratch.Path));
    }

    [Fact]
    public async Task Holding_images_of_another_pid()
    {
        await using var victim = await Victim.Fixture("plain");
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
    public async Task On_a_disk_that_is_full_or_fills_up(int free)
    {
        await using var victim = await Victim.Fixture("plain", 4096);
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
    public async Task A_work_directory_that_is_missing()
    {
        await using var victim = await Victim.Fixture("plain");
        using var scratch = new Scratch();
        var line = await Refusal.Of(Refusal.Failure, scratch.Folder("images"), "--tree", $"{victim.Pid}", "--work-dir", scratch["missing"]);
        Assert.Contains(scratch["missing"], line);
    }

    private static async Task Refused(Func<Scratch, string> prepare)
    {
        await using var victim = await Victim.Fixture("plain");
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
