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
