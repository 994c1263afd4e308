using System.CommandLine;
using System.Text.RegularExpressions;
using PreDump.Cli;
using Xunit;

namespace PreDump.Tests.Unit.Cli;

/// <summary>The manual page and docs/options.md have the options that there are, and no others.</summary>
public sealed partial class OptionsTests
{
    // criu's own, which are read before the others; help and version, which every command has; and those that these pages name of criu's.
    private static readonly string[] s_others = ["--config", "--no-default-config", "--help", "--version", "--action-script", "-v"];

    private static readonly string[] s_all = [.. Options.All.Concat(Options.AllServe).Where(option => !option.Hidden).SelectMany(Names).Distinct()];

    [Theory]
    [InlineData("src/PreDump/predump.8")]
    [InlineData("docs/options.md")]
    public void Every_option_is_described_in_the_manual_and_in_the_docs(string page)
    {
        var described = OptionsIn(page);
        Assert.Empty(Options.All.Concat(Options.AllServe).Where(option => !option.Hidden && !Names(option).Any(described.Contains)).Select(option => option.Name));
    }

    [Theory]
    [InlineData("src/PreDump/predump.8")]
    [InlineData("docs/options.md")]
    public void No_option_is_described_that_does_not_exist(string page) =>
        Assert.Empty(OptionsIn(page).Except(s_all).Except(s_others));

    private static IEnumerable<string> Names(Option option) => option.Aliases.Prepend(option.Name);

    private static HashSet<string> OptionsIn(string page)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Top, page)).Replace("\\-", "-");
        return [.. Word().Matches(text).Select(match => match.Value)];
    }

    [GeneratedRegex(@"(?<![\w-])(--[a-z][a-z-]*[a-z]|-[a-zA-Z]\b)")]
    private static partial Regex Word();
}
