using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.Engines;

/// <summary>Pre-dumps that an engine asks for over criu's RPC.</summary>
public sealed class EngineRoundTests
{
    [Theory]
    [InlineData("PRE_DUMP", 3)]
    [InlineData("SINGLE_PRE_DUMP", 3)]
    [InlineData("PRE_DUMP", 8)] // as go-criu numbers it
    public async Task A_request_makes_a_round(string type, int socket)
    {
        await Requires.PageOracle();
        using var engine = await Engine.Create();
        engine.Socket = socket;
        await using var victim = await Victim.Start("plain", 5000);
        await victim.Stop();
        using var scratch = new Scratch();

        var result = await engine.Ask(Engine.PreDump(victim.Pid, scratch.Path, type: type));

        result.AssertDone(type);
        Assert.Equal(0, result.ExitCode);
        await PageComparison.AssertSame(victim, scratch.Path);
        Assert.True(File.Exists(scratch["stats-dump"]));
        Assert.DoesNotContain("Error", File.ReadAllText(scratch["dump.log"]));
    }

    [Fact]
    public async Task One_socket_carries_several_rounds_and_then_something_for_the_real_criu()
    {
        Requires.Program("/usr/sbin/criu", "criu");
        using var engine = await Engine.Create();
        await using var victim = await Victim.Start("plain", 500);
        using var scratch = new Scratch();

        var result = await engine.Ask(
            Engine.PreDump(victim.Pid, scratch.Folder("1")),
            Engine.PreDump(victim.Pid, scratch.Folder("2")),
            Engine.PreDump(victim.Pid, scratch.Folder("3")),
            new { type = "VERSION" });

        result.AssertDone("PRE_DUMP", "PRE_DUMP", "PRE_DUMP", "VERSION");
        Assert.True(result.Answers[3].TryGetProperty("version", out _));
        foreach (var round in (string[])["1", "2", "3"])
            Assert.True(File.Exists(Path.Combine(scratch[round], ImageNames.Inventory)));
    }

    /// <summary>libcriu of 3.17 leaves the directories open in criu, under the lowest numbers.</summary>
    [Fact]
    public async Task Descriptors_that_are_taken_do_no_harm()
    {
        using var engine = await Engine.Create();
        (engine.Socket, engine.Taken) = (6, [3, 4, 5]);
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        (await engine.Ask(Engine.PreDump(victim.Pid, scratch.Path))).AssertDone("PRE_DUMP");
    }

    [Fact]
    public async Task The_work_directory_of_the_engine_gets_log_and_statistics()
    {
        using var engine = await Engine.Create();
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        string images = scratch.Folder("images"), work = scratch.Folder("work");

        (await engine.Ask(Engine.PreDump(victim.Pid, images, new { work_dir_fd = "fd:" + work }))).AssertDone("PRE_DUMP");

        Assert.Equal(["dump.log", "stats-dump"], Directory.GetFiles(work).Select(Path.GetFileName).Order());
        Assert.DoesNotContain("dump.log", Directory.GetFiles(images).Select(Path.GetFileName));
    }

    [Fact]
    public async Task The_status_descriptor_of_the_engine_gets_its_byte()
    {
        using var engine = await Engine.Create();
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var status = scratch.Write("status", []);
        (await engine.Ask(Engine.PreDump(victim.Pid, scratch.Folder("images"), new { status_fd = "fd:" + status })))
            .AssertDone("PRE_DUMP");
        Assert.Equal([0], File.ReadAllBytes(status));
    }

    /// <summary>phaul's way: one connection to the other machine, for all rounds.</summary>
    [Fact]
    public async Task Rounds_of_one_criu_share_a_connection_to_page_servers()
    {
        await Requires.PageOracle();
        using var engine = await Engine.Create();
        await using var victim = await Victim.Start("plain", 500);
        await victim.Stop();
        using var scratch = new Scratch();
        string[] rounds = ["1", "2", "3"];
        var predump = await PreDumpTool.File();
        engine.PageServers = [.. rounds.Select(round =>
            (string[])[predump, "page-server", "-q", "--ps-socket", "9", "-D", scratch.Folder("there" + round)])];

        var result = await engine.Ask([.. rounds.Select(round =>
            Engine.PreDump(victim.Pid, scratch.Folder("here" + round), new { ps = new { fd = 9 } }))]);

        result.AssertDone("PRE_DUMP", "PRE_DUMP", "PRE_DUMP");
        foreach (var round in rounds)
        {
            File.Copy(Path.Combine(scratch["here" + round], ImageNames.Inventory),
                Path.Combine(scratch["there" + round], ImageNames.Inventory));
            await PageComparison.AssertSame(victim, scratch["there" + round]);
        }
    }

    [Fact]
    public async Task The_configuration_file_of_a_request_wins()
    {
        using var engine = await Engine.Create();
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        string images = scratch.Folder("images"), work = scratch.Folder("work");
        var config = scratch.Write("runc.conf", System.Text.Encoding.UTF8.GetBytes(
            $"tcp-established\nlog-file of-the-file.log\nwork-dir {work}\n"));

        (await engine.Ask(Engine.PreDump(victim.Pid, images, new { config_file = config }))).AssertDone("PRE_DUMP");

        Assert.True(File.Exists(Path.Combine(work, "of-the-file.log")));
        Assert.True(File.Exists(Path.Combine(work, "stats-dump")));
    }

    [Fact]
    public async Task A_second_round_into_the_same_directory_replaces_the_first_one()
    {
        await Requires.PageOracle();
        using var engine = await Engine.Create();
        await using var victim = await Victim.Start("plain", 500);
        await victim.Stop();
        using var scratch = new Scratch();
        scratch.Write("descriptors.json", []);
        for (int round = 0; round < 3; round++)
            (await engine.Ask(Engine.PreDump(victim.Pid, scratch.Path))).AssertDone("PRE_DUMP");
        await PageComparison.AssertSame(victim, scratch.Path);
        Assert.True(File.Exists(scratch["descriptors.json"]));
        Assert.False(File.Exists(scratch[ImageNames.Begun]));
    }

    [Fact]
    public async Task A_final_dump_in_the_directory_is_left_alone()
    {
        using var engine = await Engine.Create();
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        scratch.Write("core-1.img", [1]);
        var (number, message) = (await engine.Ask(Engine.PreDump(victim.Pid, scratch.Path))).Refusal();
        Assert.Equal(17, number); // EEXIST
        Assert.Contains("already contains images (core-1.img)", message);
        Assert.Equal(["core-1.img", "dump.log"], Directory.GetFiles(scratch.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task A_round_by_command_line_is_the_same()
    {
        using var engine = await Engine.Create();
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        string[] line = ["pre-dump", "--tcp-established", "--file-locks", "--link-remap", "--manage-cgroups=full",
            "-D", scratch.Path, "-o", scratch["pre-dump.log"], "-v4", "-t", $"{victim.Pid}", "--skip-in-flight",
            "--force-irmap"]; // LXC's
        for (int round = 0; round < 2; round++)
            Assert.Equal(0, (await Command.Run(engine.Criu, line)).ExitCode);
        Assert.Contains("an earlier round was in", File.ReadAllText(scratch["pre-dump.log"]));
        var refused = await Command.Run(engine.Criu, [.. line, "--no-such-thing"]);
        Assert.Equal(2, refused.ExitCode);
        Assert.StartsWith("Error (predump): there is no option --no-such-thing", File.ReadAllText(scratch["pre-dump.log"]));
    }
}
