using System.CommandLine;
using System.Reflection;
using System.Text.RegularExpressions;
using PreDump.Cli;
using Xunit;

namespace PreDump.Tests.Unit.Cli;

/// <summary>The manual page and docs/options.md list exactly the options of the table, with its texts. With UPDATE_PAGES=1 in the
/// environment the lists are rewritten instead.</summary>
public sealed partial class OptionsTests
{
    // An abbreviation, a level, and options of criu that these pages mention.
    private static readonly string[] s_others = ["--imag", "-v", .. CriuOptions.AllNames.Select(name => "--" + name)];

    [Theory]
    [InlineData("src/PreDump/predump.8", nameof(Takers.PreDump))]
    [InlineData("src/PreDump/predump.8", nameof(Takers.PageServer))]
    [InlineData("docs/options.md", nameof(Takers.PreDump))]
    [InlineData("src/PreDump/predump.8", nameof(Takers.Checkpoint))]
    [InlineData("docs/options.md", nameof(Takers.PageServer))]
    [InlineData("docs/options.md", nameof(Takers.Rounds))]
    [InlineData("docs/options.md", nameof(Takers.Checkpoint))]
    [InlineData("docs/options.md", nameof(Takers.Verify))]
    [InlineData("docs/options.md", nameof(Takers.Show))]
    [InlineData("docs/options.md", nameof(Takers.Check))]
    [InlineData("docs/options.md", nameof(Takers.Dedup))]
    [InlineData("src/PreDump/predump.8", nameof(Takers.Squash))]
    [InlineData("docs/options.md", nameof(Takers.Squash))]
    public void The_pages_list_the_options_as_the_table_has_them(string page, string command)
    {
        var path = Path.Combine(Repository.Top, page);
        var text = File.ReadAllText(path);
        var list = Regex.Match(text,
            $"(?<=options of {command}, made from the table in src/PreDump/Cli[^\n]*\n)"
                + $".*?(?=[^\n]*end of the options of {command})",
            RegexOptions.Singleline);
        Assert.True(list.Success, $"{page} has no list of {command}");
        var taker = Enum.Parse<Takers>(command);
        var expected = page.EndsWith(".md", StringComparison.Ordinal) ? OptionPages.Markdown(taker) : OptionPages.Manual(taker);
        if (Environment.GetEnvironmentVariable("UPDATE_PAGES") == "1")
            File.WriteAllText(path, text[..list.Index] + expected + text[(list.Index + list.Length)..]);
        else
            Assert.Equal(expected, list.Value);
    }

    [Theory]
    [InlineData("src/PreDump/predump.8")]
    [InlineData("docs/options.md")]
    public void No_option_is_described_that_does_not_exist(string page) =>
        Assert.Empty(OptionsIn(page).Except(Options.All.SelectMany(option => option.Names)).Except(s_others));

    [Fact]
    public void Every_option_that_is_defined_is_in_the_table()
    {
        Type[] topics = [typeof(RoundOptions), typeof(ConnectionOptions), typeof(ProcessOptions), typeof(CompatibilityOptions),
            typeof(SeriesOptions), typeof(SquashOptions)];
        var defined = topics.SelectMany(topic => topic.GetFields(BindingFlags.Public | BindingFlags.Static))
            .Select(field => (ITableOption)field.GetValue(null)!);
        Assert.Equal(defined.OrderBy(option => option.Name), Options.All.OrderBy(option => option.Name));
    }

    [Fact]
    public void No_name_is_taken_twice() =>
        Assert.Equal(Options.All.SelectMany(option => option.Names).Distinct(), Options.All.SelectMany(option => option.Names));

    /// <summary>A default is given once, in the table, not in the help text.</summary>
    [Fact]
    public void Help_texts_are_sentences_without_the_default() =>
        Assert.All(Options.All.SelectMany(option => option.Help.Values),
            text => Assert.Matches(@"^[A-Z1]((?!default:).)*[.]$", text));

    [Fact]
    public void Values_of_the_parser_are_those_of_the_table() =>
        Assert.All(Options.All, option => Assert.Equal(option.Argument is null, option is Option<bool>));

    private static HashSet<string> OptionsIn(string page)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Top, page)).Replace("\\-", "-");
        return [.. Word().Matches(text).Select(match => match.Value)];
    }

    [GeneratedRegex(@"(?<![\w-])(--[a-z][a-z-]*[a-z]|-[a-zA-Z]\b)")]
    private static partial Regex Word();
}
