using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>How the tool refuses: a one-line error, the right exit code, and nothing left in the images directory.</summary>
internal static class Refusal
{
    public const int Failure = 1;
    public const int Usage = 2;

    /// <summary>Runs the tool, which must refuse, and returns its error line.</summary>
    public static async Task<string> Of(int exitCode, string images, params string[] arguments)
    {
        string[] before = Directory.Exists(images) ? Directory.GetFileSystemEntries(images) : [];
        var line = Line(exitCode, await PreDumpTool.Run(["--images-dir", images, .. arguments]));
        Assert.Equal(before, Directory.Exists(images) ? Directory.GetFileSystemEntries(images) : []);
        return line;
    }

    public static string Line(int exitCode, CommandResult result)
    {
        Assert.True(result.ExitCode == exitCode, $"expected exit code {exitCode}: {result}");
        Assert.All(result.ErrorLines, line => Assert.Matches("^predump: (error|warning): [^ ]", line));
        return Assert.Single(result.ErrorLines, line => line.StartsWith("predump: error: ", StringComparison.Ordinal));
    }
}
