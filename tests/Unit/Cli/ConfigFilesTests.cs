using PreDump.Cli;
using Xunit;

namespace PreDump.Tests.Unit.Cli;

/// <summary>The lines of criu's configuration files.</summary>
public sealed class ConfigFilesTests
{
    [Theory]
    [InlineData("images-dir /a", "images-dir", "/a")]
    [InlineData("images-dir\t/a\t# a comment\r", "images-dir", "/a")]
    [InlineData("images-dir=/a", "images-dir", "/a")]
    [InlineData("images /a", "images-dir", "/a")]
    [InlineData("images-dir \"/a \\\"b\\\" # c\" # d", "images-dir", "/a \"b\" # c")]
    [InlineData("track-mem", "track-mem", null)]
    [InlineData("track-mem yes", "track-mem", null)] // as getopt has it: a word of its own
    [InlineData("verbosity 4", "verbosity", "4")] // as criu(8) has it
    [InlineData("verbosity", "verbosity", null)]
    [InlineData("log-file \"\"", "log-file", "")]
    public void A_line_is_an_option(string line, string name, string? value)
    {
        var option = Assert.Single(ConfigFiles.Parse([line], "test.conf"));
        Assert.Equal((name, value, true), (option.Name, option.Value, option.IsFromFile));
    }

    [Theory]
    [InlineData("")]
    [InlineData("  # nothing but a comment")]
    public void A_line_without_an_option_is_none(string line) => Assert.Empty(ConfigFiles.Parse([line], "test.conf"));

    [Theory]
    [InlineData("images-dir \"/a", "a quotation mark is missing")]
    [InlineData("images-dir /a b", "images-dir has more than one value: put double quotes around what has blanks")]
    [InlineData("images-dir", "the value of images-dir is missing")]
    [InlineData("no-such-option", "there is no option --no-such-option")]
    [InlineData("--", "there is no option --")]
    [InlineData("tls-c x", "--tls-c is ambiguous: --tls-cacert, --tls-cacrl, --tls-cert")]
    public void What_is_not_understood_is_named_with_its_line(string line, string problem)
    {
        var error = Assert.Throws<UsageException>(() => ConfigFiles.Parse(["track-mem", line], "test.conf").ToList());
        Assert.Equal($"test.conf, line 2: {problem}", error.Message);
    }
}
