using Xunit;

namespace PreDump.Tests.EndToEnd.Faults;

/// <summary>predump lacks its standard descriptors, or what is written to them is lost.</summary>
public sealed class StandardDescriptorTests
{
    [Theory]
    [InlineData("--json")]
    [InlineData("--display-stats")]
    [InlineData("-v2")]
    public async Task A_full_standard_output_loses_the_summary_but_not_the_images(string option)
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var result = await ResourceTests.Shell("exec \"$0\" \"$@\" > /dev/full", victim, scratch.Folder("images"), option);
        var line = Refusal.Line(Refusal.Failure, result);
        Assert.Contains("the images are complete", line);
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
        await using var victim = await Victim.Start("plain");
        await victim.Stop();
        using var scratch = new Scratch();
        var result = await ResourceTests.Shell($"exec \"$0\" \"$@\" {redirection}", victim, scratch.Folder("images"));
        Assert.True(result.ExitCode == 0, result.ToString());
        await PageComparison.AssertSame(victim, scratch["images"]);
    }

    [Fact]
    public async Task An_error_that_nobody_can_hear_is_still_an_exit_code()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var result = await ResourceTests.Shell("exec \"$0\" \"$@\" > /dev/full 2> /dev/full", victim, scratch["missing"]);
        Assert.Equal(Refusal.Failure, result.ExitCode);
    }
}
