using PreDump.Cli;
using Xunit;

namespace PreDump.Tests.Unit.Cli;

/// <summary>The configuration file of a request, which comes last.</summary>
public sealed class LastFileTests
{
    [Theory]
    [InlineData("log-file of-file.log\nwork-dir /w", "--tree=5 --log-file=of-file.log --work-dir=/w")]
    [InlineData("tcp-established\nskip-in-flight\nenable-fs hugetlbfs\ntree 7", "--log-file=of-request.log --tree=7")]
    [InlineData("no-auto-dedup", "--tree=5 --log-file=of-request.log")]
    [InlineData("", "--tree=5 --log-file=of-request.log")]
    public void Its_options_win_over_those_of_the_command_line(string text, string expected)
    {
        using var scratch = new Scratch();
        Assert.Equal("pre-dump " + expected, Tokens(scratch.Write("runc.conf", System.Text.Encoding.UTF8.GetBytes(text))));
    }

    [Fact]
    public void A_file_that_does_not_exist_has_no_options() =>
        Assert.Equal("pre-dump --tree=5 --log-file=of-request.log", Tokens("/nowhere/runc.conf"));

    [Fact]
    public void A_line_that_is_not_understood_is_named()
    {
        using var scratch = new Scratch();
        var file = scratch.Write("runc.conf", "# x\nno-such-thing\n"u8);
        Assert.Equal($"{file}, line 2: there is no option --no-such-thing",
            Assert.Throws<UsageException>(() => Tokens(file)).Message);
    }

    private static string Tokens(string file) => string.Join(' ', CriuArguments.From(
        ["pre-dump", "--no-default-config", "--tree=5", "--log-file=of-request.log"], file).Tokens);
}
