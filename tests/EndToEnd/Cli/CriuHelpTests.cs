using System.Text.RegularExpressions;
using PreDump.Cli;
using Xunit;

namespace PreDump.Tests.EndToEnd.Cli;

/// <summary>The table of criu's options has all that the criu on this machine has.</summary>
public sealed partial class CriuHelpTests
{
    [Fact]
    public async Task Every_option_in_the_help_of_criu_is_known()
    {
        var criu = new[] { "/usr/sbin/criu", "/usr/bin/criu" }.FirstOrDefault(File.Exists);
        Assert.SkipWhen(criu is null, "needs criu");
        var help = (await Command.Run(criu!, ["--help"])).Output;
        var options = Long().Matches(help).Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.True(options.Count > 50, help);
        Assert.Empty(options.Except(CriuOptions.AllNames));
    }

    [GeneratedRegex(@"(?<![\w-])--([a-z][a-z-]*[a-z])(?!-)")]
    private static partial Regex Long();
}
