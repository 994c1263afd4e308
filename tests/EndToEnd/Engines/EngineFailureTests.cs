using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.Engines;

/// <summary>What an engine is told when its round fails, and what is left.</summary>
public sealed class EngineFailureTests
{
    private const int ESRCH = 3, EIO = 5, EINVAL = 22, ENOSPC = 28;

    [Fact]
    public async Task A_pid_that_does_not_exist_is_named()
    {
        using var scratch = new Scratch();
        var (number, message) = await Refused(scratch, Engine.PreDump(99_999_999, scratch.Path));
        Assert.Equal(ESRCH, number);
        Assert.Equal("there is no process 99999999: give the pid of a running process", message);
        AssertLogged(scratch.Path, message);
    }

    [Theory]
    [InlineData("../nowhere")]
    [InlineData("/nowhere")]
    [InlineData(".")]
    public async Task A_wrong_parent_is_named(string parent)
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var (number, message) = await Refused(scratch, Engine.PreDump(victim.Pid, scratch.Path, new { parent_img = parent }));
        Assert.Equal(EINVAL, number);
        AssertLogged(scratch.Path, message);
    }

    [Fact]
    public async Task A_full_disk_is_named_and_the_tree_runs_on()
    {
        await using var victim = await Victim.Start("plain", 1024);
        var before = VictimState.OfTree(victim);
        await using var disk = await TinyDisk.Mount(512 * 1024);
        using var engine = await Engine.Create();
        var result = await engine.Ask(Engine.PreDump(victim.Pid, disk.Path));
        var (number, message) = result.Refusal();
        Assert.Equal(ENOSPC, number);
        Assert.Contains("No space left on device", message);
        Assert.Equal(1, result.ExitCode);
        Assert.Equal(["dump.log"], Directory.GetFiles(disk.Path).Select(Path.GetFileName));
        AssertLogged(disk.Path, "No space left on device");
        await VictimState.AssertUnchanged(before, victim);
    }

    [Fact]
    public async Task A_configuration_file_that_makes_no_sense_is_named_in_the_log_of_the_request()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var config = scratch.Write("runc.conf", "no-such-thing"u8);
        var images = scratch.Folder("images");
        var (number, message) = await Refused(scratch, Engine.PreDump(victim.Pid, images, new { config_file = config }));
        Assert.Equal(EINVAL, number);
        Assert.Equal($"{config}, line 1: there is no option --no-such-thing", message);
        AssertLogged(images, message);
    }

    [Fact]
    public async Task A_descriptor_that_is_no_directory_is_named()
    {
        using var scratch = new Scratch();
        var (_, message) = await Refused(scratch, Engine.PreDump(1, "/dev/null"));
        Assert.Matches("^descriptor [0-9]+ of the engine .process [0-9]+. is not the images directory", message);
    }

    [Fact]
    public async Task A_request_that_can_not_be_meant_is_logged_too()
    {
        using var scratch = new Scratch();
        var (number, message) = await Refused(scratch, Engine.PreDump(1, scratch.Path, new { status_fd = 1000 }));
        Assert.Equal(9, number); // EBADF
        Assert.StartsWith("descriptor 1000 of the engine", message);
        AssertLogged(scratch.Path, message);
    }

    [Fact]
    public async Task A_round_that_is_killed_is_reported_and_can_be_made_again()
    {
        await using var victim = await Victim.Start("plain", 5000);
        var before = VictimState.OfTree(victim);
        using var scratch = new Scratch();
        using var engine = await Engine.Create();
        var images = scratch.Folder("images");
        var (criu, result) = await BeginSlowRound(engine, victim, scratch, images);
        Signal.Send(await RoundOf(criu, images), Signal.Kill);

        var (number, message) = (await result).Refusal();

        Assert.Equal(EIO, number);
        Assert.StartsWith("the round was killed by signal 9", message);
        AssertLogged(images, message);
        Assert.Contains("frozen: ", File.ReadAllText(Path.Combine(images, "dump.log"))); // what the round itself has logged
        await VictimState.AssertUnchanged(before, victim);
        (await engine.Ask(Engine.PreDump(victim.Pid, images))).AssertDone("PRE_DUMP");
    }

    [Fact]
    public async Task A_criu_that_is_killed_takes_its_round_along()
    {
        await using var victim = await Victim.Start("plain", 5000);
        var before = VictimState.OfTree(victim);
        using var scratch = new Scratch();
        using var engine = await Engine.Create();
        var images = scratch.Folder("images");
        var (criu, result) = await BeginSlowRound(engine, victim, scratch, images);
        int round = await RoundOf(criu, images);
        Signal.Send(criu, Signal.Kill);

        Assert.Equal(-9, (await result).ExitCode);
        await Eventually.True(() => !Directory.Exists($"/proc/{round}") || ProcessView.State(round, round) is 'Z',
            "the round ends");
        Assert.Equal(["dump.log"], Directory.GetFiles(images).Select(Path.GetFileName));
        await VictimState.AssertUnchanged(before, victim);
    }

    // One that does not end by itself for a while.
    private static Task<(int Criu, Task<EngineResult> Result)> BeginSlowRound(
        Engine engine, Victim victim, Scratch scratch, string images)
    {
        var slow = scratch.Write("slow.conf", "max-rate 256K"u8);
        return engine.Begin(Engine.PreDump(victim.Pid, images, new { config_file = slow }));
    }

    private static async Task<(int Number, string Message)> Refused(Scratch scratch, object request)
    {
        using var engine = await Engine.Create();
        var result = await engine.Ask(request);
        Assert.Equal(1, result.ExitCode);
        Assert.False(File.Exists(scratch[ImageNames.Inventory]));
        return result.Refusal();
    }

    // As runc and crun look for it.
    private static void AssertLogged(string work, string message) => Assert.Contains(
        File.ReadLines(Path.Combine(work, "dump.log")), line => line.Contains("Error (predump): ") && line.Contains(message));

    // Once it copies.
    private static async Task<int> RoundOf(int criu, string images)
    {
        await Eventually.True(() => Directory.GetFiles(images, "pages-*.img").Length > 0, "the round copies");
        return Assert.Single(ProcessView.Tree(criu), pid => pid != criu);
    }
}
