using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>The attributes of a file system that make a file or directory immutable (i) or append-only (a).</summary>
internal static class Attributes
{
    /// <summary>Changes them, as chattr(1) does; skips the test where that is impossible.</summary>
    public static async Task Set(string change, string path)
    {
        const string ChAttr = "/usr/bin/chattr";
        Requires.Program(ChAttr, "e2fsprogs");
        var result = await Command.Run(ChAttr, [change, path]);
        Assert.SkipUnless(result.ExitCode == 0, $"this file system has no such attributes: {result.Errors.Trim()}");
    }
}
