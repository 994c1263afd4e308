using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>
/// A real .NET program with garbage collector, JIT and thread pool: the SDK's C# compiler server. It shows that it
/// works by compiling, and its log shows that this process did so.
/// </summary>
internal sealed class CompilerServer : IAsyncDisposable
{
    private static readonly string s_root =
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));

    private readonly Scratch _scratch = new();
    private readonly string _pipe = $"predump-test-{Guid.NewGuid():n}";
    private int _compiled;

    private CompilerServer()
    {
        // If this fails the test is skipped: a machine may have the runtime without the SDK.
        var compilers = Directory.Exists(Path.Combine(s_root, "sdk"))
            ? Directory.GetDirectories(Path.Combine(s_root, "sdk")).Select(sdk => Path.Combine(sdk, "Roslyn", "bincore")) : [];
        Compilers = compilers.Where(Directory.Exists).Order().LastOrDefault() ?? "";
    }

    public Victim Victim { get; private set; } = null!; // from Start on

    private string Compilers { get; }

    private string Log => _scratch["server.log"];

    public static async Task<CompilerServer> Start()
    {
        var server = new CompilerServer();
        try
        {
            await server.Listen();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Compiles a program with this server, not another one.</summary>
    public async Task Compile()
    {
        var number = ++_compiled;
        var source = _scratch[$"Program{number}.cs"];
        await File.WriteAllTextAsync(source, $"class Program{number} {{ static int Main() => {number}; }}");
        var library = typeof(object).Assembly.Location;
        await Command.Must(Path.Combine(s_root, "dotnet"), Path.Combine(Compilers, "csc.dll"), $"-shared:{_pipe}", "-noconfig",
            "-nostdlib", $"-r:{library}", $"-r:{Path.Combine(Path.GetDirectoryName(library)!, "System.Runtime.dll")}",
            $"-out:{_scratch[$"Program{number}.dll"]}", source);
        await Eventually.True(() => LogText().Split("Writing Completed response").Length > number, "the server has compiled");
        Assert.Contains($"VBCSCompiler {Victim.Pid}", LogText());
    }

    public async ValueTask DisposeAsync()
    {
        if (Victim is not null)
            await Victim.DisposeAsync();
        File.Delete(Path.Combine("/tmp", _pipe)); // the compiler's pipes are there, regardless of $TMPDIR
        _scratch.Dispose();
    }

    private async Task Listen()
    {
        Assert.SkipUnless(Compilers.Length > 0, $"needs the .NET SDK's compiler under {s_root}/sdk");
        Victim = await Victim.Program("/usr/bin/env", $"RoslynCommandLineLogFile={Log}",
            Path.Combine(s_root, "dotnet"), Path.Combine(Compilers, "VBCSCompiler.dll"), $"-pipename:{_pipe}");
        await Eventually.True(() => File.Exists(Log) && LogText().Contains("waiting for connections"), "the server listens");
    }

    private string LogText()
    {
        using var reader = new StreamReader(new FileStream(Log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }
}
