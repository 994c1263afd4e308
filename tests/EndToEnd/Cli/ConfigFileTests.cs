using Xunit;

namespace PreDump.Tests.EndToEnd.Cli;

/// <summary>Configuration files in CRIU's format, one option per line, without dashes; the command line overrides them.</summary>
public sealed class ConfigFileTests
{
    [Fact]
    public async Task Options_are_read_from_a_configuration_file()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var images = scratch.Folder("images of a config");
        File.WriteAllText(scratch["config"], $"""
            # a comment
            images-dir "{images}"
            tree {victim.Pid}   # another

            display-stats
            tcp-established
            """);
        var result = await PreDumpTool.Run("--config", scratch["config"]);
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("Frozen time", result.Output);
        Assert.True(File.Exists(Path.Combine(images, "inventory.img")));
    }

    [Theory]
    [InlineData("timeout soon", "--timeout soon: SECONDS must be a number")]
    [InlineData("verbosity loud", "the level must be a number")]
    [InlineData("no-such-option", "no-such-option")]
    public async Task What_a_file_has_wrong_is_reported_with_its_line(string line, string reason)
    {
        using var scratch = new Scratch();
        File.WriteAllText(scratch["config"], $"# a comment\n{line}\n");
        var result = await PreDumpTool.Run("--config", scratch["config"], "-t", "1", "-D", scratch.Path);
        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith($"predump: error: {scratch["config"]}, line 2: ", result.Errors);
        Assert.Contains(reason, result.Errors);
    }

    [Fact]
    public async Task The_command_line_is_above_the_configuration_file()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var (ours, theirs) = (scratch.Folder("ours"), scratch.Folder("theirs"));
        File.WriteAllText(scratch["config"], $"images-dir {theirs}\n");
        await PreDumpTool.Dump(victim.Pid, ours, "--config", scratch["config"]);
        Assert.True(File.Exists(Path.Combine(ours, "inventory.img")));
        Assert.Empty(Directory.GetFileSystemEntries(theirs));
    }

    [Fact]
    public async Task The_default_configuration_file_is_read_unless_told_otherwise()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        Directory.CreateDirectory(scratch[".criu"]);
        File.WriteAllText(scratch[".criu/default.conf"], "display-stats\n");

        Assert.Contains("Frozen time", await Output("with"));
        Assert.DoesNotContain("Frozen time", await Output("without", "--no-default-config"));

        async Task<string> Output(string images, params string[] more)
        {
            var result = await Command.Run(await PreDumpTool.File(),
                ["--tree", $"{victim.Pid}", "--images-dir", scratch.Folder(images), .. more],
                environment: new Dictionary<string, string> { ["HOME"] = scratch.Path });
            Assert.True(result.ExitCode == 0, result.ToString());
            return result.Output;
        }
    }

    /// <summary>What criu(8) shows, what belongs to another command, and what is not for a script's every command.</summary>
    [Theory]
    [InlineData("tcp-established\nno-restore-sibling   # this is another comment\n")]
    [InlineData("restore-detached\n")]
    [InlineData("tree 1\n")]
    [InlineData("images-dir /tmp\n")]
    [InlineData("pidfile /nowhere/pid\nstatus-fd 77\nport 27\naddress 192.0.2.1\n")]
    public async Task The_default_configuration_file_breaks_no_command(string text)
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var images = scratch.Folder("images");
        await PreDumpTool.Dump(victim.Pid, images);
        Directory.CreateDirectory(scratch[".criu"]);
        File.WriteAllText(scratch[".criu/default.conf"], text);
        await Ends(0, "pre-dump", "-t", $"{victim.Pid}", "-D", scratch.Folder("more"));
        await Ends(0, "verify", images);
        await Ends(0, "show", images);
        await Ends(Refusal.Failure, "dedup", images); // which has no parent
        Assert.Contains("soft-dirty", (await Ends(0, "check")).Output);

        async Task<CommandResult> Ends(int exitCode, params string[] arguments)
        {
            var result = await Command.Run(await PreDumpTool.File(), arguments,
                environment: new Dictionary<string, string> { ["HOME"] = scratch.Path });
            Assert.True(result.ExitCode == exitCode, $"{string.Join(' ', arguments)}: {result}");
            return result;
        }
    }

    [Fact]
    public async Task An_option_that_no_criu_ever_had_is_named_with_its_file_and_line()
    {
        using var scratch = new Scratch();
        File.WriteAllText(scratch["config"], "track-mem\n# a comment\nno-such-option 1\n");
        Assert.Contains($"{scratch["config"]}, line 3: there is no option --no-such-option",
            Refusal.Line(Refusal.Usage, await PreDumpTool.Run("check", "--config", scratch["config"])));
    }

    [Theory]
    [InlineData("no-such-option 1")]
    [InlineData("timeout soon")]
    public async Task A_bad_line_of_a_configuration_file_is_refused(string text)
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        File.WriteAllText(scratch["config"], text + "\n");
        await Refusal.Of(Refusal.Usage, scratch.Folder("images"), "--tree", $"{victim.Pid}", "--config", scratch["config"]);
    }

    [Fact]
    public async Task A_configuration_file_that_is_missing_is_refused()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var result = await PreDumpTool.Run("--tree", $"{victim.Pid}", "--images-dir", scratch.Folder("images"),
            "--config", scratch["missing"]);
        Assert.True(result.ExitCode is 1 or 2, result.ToString());
        Assert.Contains(scratch["missing"], Refusal.Line(result.ExitCode, result));
    }
}
