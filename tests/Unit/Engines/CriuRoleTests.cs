using PreDump.Engines;
using Xunit;

namespace PreDump.Tests.Unit.Engines;

/// <summary>When predump is criu.</summary>
public sealed class CriuRoleTests
{
    [Theory]
    [InlineData("criu", "swrk 3", "criu swrk 3")]
    [InlineData("/usr/libexec/predump/criu", "", "/usr/libexec/predump/criu")]
    [InlineData("./criu", "criu", "./criu criu")]
    [InlineData("predump", "criu", "criu")]
    [InlineData("/usr/bin/predump", "criu dump -t 5", "criu dump -t 5")]
    [InlineData("predump", "pre-dump -t 5", null)]
    [InlineData("predump", "-o criu", null)]
    [InlineData("predump", "swrk 3", null)]
    [InlineData("/proc/self/exe", "thaw-guard criu", null)]
    [InlineData("/opt/criu/predump", "--version", null)]
    [InlineData("criu-ns", "", null)]
    [InlineData("", "", null)]
    public void It_is_criu_by_its_name_or_by_its_first_argument(string program, string arguments, string? expected)
    {
        var words = arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var commandLine = CriuRole.CommandLine(program, words);
        Assert.Equal(expected, commandLine is null ? null : string.Join(' ', commandLine));
    }
}
