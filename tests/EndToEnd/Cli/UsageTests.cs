using Xunit;

namespace PreDump.Tests.EndToEnd.Cli;

/// <summary>An invalid command line: exit code 2 and a one-line error that says what is wrong.</summary>
public sealed class UsageTests
{
    [Theory]
    [InlineData("--no-such-option")]
    [InlineData("--no-such-option=1")]
    [InlineData("stray")]
    [InlineData("--timeout", "soon")]
    [InlineData("--timeout", "-1")]
    [InlineData("--timeout")]
    [InlineData("-vloud")]
    [InlineData("--status-fd", "x")]
    [InlineData("--max-rate", "255K")]
    [InlineData("--max-rate", "fast")]
    [InlineData("--max-rate", "8589934592G")]
    [InlineData("--nice", "20")]
    [InlineData("--image-io-mode", "sync")]
    [InlineData("--image-io-mode")]
    public async Task A_command_line_that_makes_no_sense_is_refused_with_one_line(params string[] arguments)
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var line = await Refusal.Of(Refusal.Usage, scratch.Path, ["--tree", $"{victim.Pid}", .. arguments]);
        Assert.Contains(arguments[0].Split('=')[0].TrimStart('-'), line);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("-5")]
    [InlineData("0")]
    [InlineData("")]
    [InlineData("1.5")]
    [InlineData("99999999999999999999")]
    public async Task A_pid_that_is_no_number_of_a_process_is_refused(string pid)
    {
        using var scratch = new Scratch();
        await Refusal.Of(Refusal.Usage, scratch.Path, $"--tree={pid}");
    }

    [Fact]
    public async Task A_command_line_that_names_no_tree_is_refused()
    {
        using var scratch = new Scratch();
        Assert.Contains("--tree", await Refusal.Of(Refusal.Usage, scratch.Path));
    }
}
