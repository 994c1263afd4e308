using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>The packages that packaging/package makes of the published predump; the tests of a class share them.</summary>
public sealed class BuiltPackages : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly Lazy<Task> _made;

    public BuiltPackages() => _made = new Lazy<Task>(Run);

    /// <summary>Makes them, unless that was done.</summary>
    public Task Make()
    {
        Requires.Program("/usr/bin/dpkg-deb", "dpkg");
        Requires.Program("/usr/bin/readelf", "binutils");
        return _made.Value;
    }

    public string Deb => Assert.Single(Directory.GetFiles(_scratch.Path, "predump_*.deb"));

    public string Archive => Assert.Single(Directory.GetFiles(_scratch.Path, "predump-linux-*.tar.gz"));

    /// <summary>A script of packaging.</summary>
    public static string Script(string name) => Path.Combine(Repository.Top, "packaging", name);

    public void Dispose() => _scratch.Dispose();

    private async Task Run()
    {
        var result = await Command.Run(Script("package"), [await PreDumpTool.File(), _scratch.Path],
            environment: new Dictionary<string, string> { ["SOURCE_DATE_EPOCH"] = "1700000000" });
        Assert.True(result.ExitCode == 0, result.ToString());
    }
}
