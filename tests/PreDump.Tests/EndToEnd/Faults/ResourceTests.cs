using PreDump.Tests.Support;
using Xunit;

namespace PreDump.Tests.EndToEnd.Faults;

/// <summary>What predump runs short of: descriptors, room in a file, a place for its summary, the directory itself, rights.</summary>
public sealed class ResourceTests
{
    [Fact]
    public async Task Few_descriptors_are_enough_for_many_tasks()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Fixture("processes", 300);
        var before = VictimState.OfTree(victim);
        await victim.Stop();
        using var scratch = new Scratch();

        var result = await Shell("ulimit -n 64; exec \"$0\" \"$@\"", victim, scratch.Folder("images"));

        Assert.True(result.ExitCode == 0, result.ToString());
        await PageComparison.AssertSame(victim, scratch["images"]);
        victim.Continue();
        await VictimState.AssertUnchanged(before, victim);
    }

    [Fact]
    public async Task Too_few_descriptors_are_a_clear_failure()
    {
        await using var victim = await Victim.Fixture("processes", 3);
        var before = VictimState.OfTree(victim);
        using var scratch = new Scratch();
        var line = Refusal.Line(Refusal.Failure, await Shell("ulimit -n 12; exec \"$0\" \"$@\"", victim, scratch.Folder("images")));
        Assert.Contains("ulimit -n", line);
        await AssertNothingLeft(scratch["images"], before, victim);
    }

    [Fact]
    public async Task A_file_above_the_limit_is_a_clear_failure()
    {
        await using var victim = await Victim.Fixture("plain", 1024);
        var before = VictimState.OfTree(victim);
        using var scratch = new Scratch();
        var line = Refusal.Line(Refusal.Failure, await Shell("ulimit -f 512; exec \"$0\" \"$@\"", victim, scratch.Folder("images")));
        Assert.Contains("ulimit -f", line);
        await AssertNothingLeft(scratch["images"], before, victim);
    }

    [Theory]
    [InlineData("--json")]
    [InlineData("--display-stats")]
    [InlineData("-v2")]
    public async Task A_full_standard_output_loses_the_summary_but_not_the_images(string option)
    {
        await using var victim = await Victim.Fixture("plain");
        using var scratch = new Scratch();
        var result = await Shell("exec \"$0\" \"$@\" > /dev/full", victim, scratch.Folder("images"), option);
        var line = Refusal.Line(Refusal.Failure, result);
        Assert.Contains("the images are whole", line);
        Assert.Contains("standard output", line);
        await Command.Must(await PreDumpTool.File(), "verify", scratch["images"]);
    }

    [Theory]
    [InlineData(">&-")]
    [InlineData("<&- >&- 2>&-")]
    [InlineData("2> /dev/full")]
    public async Task Without_standard_descriptors_the_images_are_the_same(string redirection)
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Fixture("plain");
        await victim.Stop();
        using var scratch = new Scratch();
        var result = await Shell($"exec \"$0\" \"$@\" {redirection}", victim, scratch.Folder("images"));
        Assert.True(result.ExitCode == 0, result.ToString());
        await PageComparison.AssertSame(victim, scratch["images"]);
    }

    [Fact]
    public async Task An_error_that_nobody_can_hear_is_still_an_exit_code()
    {
        await using var victim = await Victim.Fixture("plain");
        using var scratch = new Scratch();
        Assert.Equal(Refusal.Failure, (await Shell("exec \"$0\" \"$@\" > /dev/full 2> /dev/full", victim, scratch["missing"])).ExitCode);
    }

    [Theory]
    [InlineData("cleared")]
    [InlineData("removed")]
    [InlineData("renamed")]
    [InlineData("unmounted")]
    public async Task A_directory_that_is_taken_away_is_not_called_whole(string how)
    {
        await using var victim = await Victim.Fixture("plain", 65536);
        var before = VictimState.OfTree(victim);
        var failures = 0;
        for (var attempt = 0; attempt < 5; attempt++)
        {
            await using var disk = how == "unmounted" ? await TinyDisk.Mount(1L << 30) : null;
            using var scratch = new Scratch();
            var images = disk?.Path ?? scratch.Folder("images");
            using var tool = await PreDumpTool.Start("--tree", $"{victim.Pid}", "--images-dir", images);
            while (!File.Exists(Path.Combine(images, "pages-1.img")) && !tool.HasExited)
                Thread.SpinWait(10);
            if (how == "cleared")
                Array.ForEach(Directory.GetFiles(images), File.Delete);
            else if (how == "removed")
                Directory.Delete(images, recursive: true);
            else if (how == "renamed")
                Directory.Move(images, scratch["elsewhere"]);
            else
                await Command.Must("/bin/umount", "-l", images);
            var errors = await tool.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await tool.WaitForExitAsync(TestContext.Current.CancellationToken);
            if (how == "unmounted") // for the disk's own end
                await Command.Must("/bin/mount", "-t", "tmpfs", "tmpfs", images);

            if (tool.ExitCode == 0)
                continue; // it had finished before
            failures++;
            Refusal.Line(Refusal.Failure, new CommandResult(tool.ExitCode, "", errors));
            Assert.False(File.Exists(Path.Combine(images, "inventory.img")) || File.Exists(scratch["elsewhere/inventory.img"]));
            Tally.Count("faults injected");
        }
        Assert.True(failures > 0, "the directory was taken away too late each time");
        await VictimState.AssertUnchanged(before, victim);
    }

    /// <summary>As a container's seccomp profile has it.</summary>
    [Theory]
    [InlineData("EPERM")]
    [InlineData("ENOSYS")]
    public async Task Where_process_vm_readv_is_forbidden_memory_is_read_through_proc(string error)
    {
        await Requires.PageOracle();
        const string Strace = "/usr/bin/strace";
        Requires.Program(Strace, "strace");
        await using var victim = await Victim.Fixture("plain", 1024);
        await victim.Stop();
        using var scratch = new Scratch();
        var result = await Command.Run(Strace, ["-f", "-o", "/dev/null", "-e", "trace=process_vm_readv", "-e", $"inject=process_vm_readv:error={error}",
            await PreDumpTool.File(), "--tree", $"{victim.Pid}", "--images-dir", scratch.Folder("images")]);
        Assert.True(result.ExitCode == 0, result.ToString());
        await PageComparison.AssertSame(victim, scratch["images"]);
    }

    private static async Task<CommandResult> Shell(string script, Victim victim, string images, params string[] more) =>
        await Command.Run("/bin/bash", ["-c", script, await PreDumpTool.File(), "--tree", $"{victim.Pid}", "--images-dir", images, .. more]);

    private static async Task AssertNothingLeft(string images, List<VictimState> before, Victim victim)
    {
        Assert.Empty(Directory.GetFileSystemEntries(images));
        await VictimState.AssertUnchanged(before, victim);
        Tally.Count("faults injected");
    }
}
