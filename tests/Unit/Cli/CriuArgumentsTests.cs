using PreDump.Cli;
using PreDump.Core;
using Xunit;

namespace PreDump.Tests.Unit.Cli;

/// <summary>Translation of criu's command line syntax to the parser's.</summary>
public sealed class CriuArgumentsTests
{
    [Theory]
    [InlineData("-v", "--verbosity 3")]
    [InlineData("-vvvv", "--verbosity 6")]
    [InlineData("-v -v", "--verbosity 4")]
    [InlineData("-v4", "--verbosity 4")]
    [InlineData("--verbosity=1", "--verbosity 1")]
    [InlineData("--verbosity", "--verbosity 3")]
    [InlineData("-v4 -v0", "--verbosity 0")]
    [InlineData("-t 5 -D -v4", "-t 5 -D -v4")]
    [InlineData("--json --no-json", "")]
    [InlineData("--tcp-established -t 5 --ext-mount-map auto --manage-cgroups=full pre-dump", "-t 5 pre-dump")]
    [InlineData("--no-tcp-established -t5", "-t5")]
    [InlineData("--external tty[1:2]", "")]
    [InlineData("-D a --images-dir b -t 1 --images-dir=c -t2", "--images-dir=c -t2")]
    [InlineData("-t -1 -Da -D b", "-t -1 -D b")]
    public void A_command_line_written_for_criu_is_normalised(string line, string expected) =>
        Assert.Equal(expected, string.Join(' ', Normalise(line).Tokens));

    [Fact]
    public void Options_of_criu_that_are_dropped_are_told() =>
        Assert.Equal(["--file-locks", "--ghost-limit 1M"], Normalise("--file-locks --ghost-limit 1M").Ignored);

    [Theory]
    [InlineData("images-dir /a", new[] { "--images-dir", "/a" })]
    [InlineData("  # nothing but a comment", new string[0])]
    [InlineData("images-dir \"/a \\\"b\\\" # c\" # d", new[] { "--images-dir", "/a \"b\" # c" })]
    [InlineData("track-mem", new[] { "--track-mem" })]
    [InlineData("log-file \"\"", new[] { "--log-file", "" })]
    public void A_line_of_a_configuration_file_is_an_option(string line, string[] expected) =>
        Assert.Equal(expected, ConfigFiles.Parse([line], "test.conf"));

    [Fact]
    public void A_missing_quotation_mark_in_a_configuration_file_is_named_with_its_line()
    {
        var error = Assert.Throws<PreDumpException>(() => ConfigFiles.Parse(["track-mem", "images-dir \"/a"], "test.conf"));
        Assert.Equal("test.conf, line 2: a quotation mark is missing", error.Message);
    }

    private static CriuArguments Normalise(string line) =>
        CriuArguments.From(["--no-default-config", .. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
}
