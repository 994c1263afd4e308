using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>
/// The published AOT binary under test: $PREDUMP_BIN, or else artifacts/predump/predump, published here if it is missing
/// or older than a source file.
/// </summary>
internal static class PreDumpTool
{
    private static readonly Lazy<Task<string>> s_binary = new(Find);

    public static Task<string> File() => s_binary.Value;

    public static async Task<CommandResult> Run(params string[] arguments) =>
        await Command.Run(await File(), arguments);

    /// <summary>A pre-dump that has to succeed; returns its --json summary.</summary>
    public static async Task<JsonElement> Dump(int pid, string images, params string[] more)
    {
        var result = await Run(["--tree", $"{pid}", "--images-dir", images, "--json", .. more]);
        Assert.True(result.ExitCode == 0, result.ToString());
        return JsonDocument.Parse(result.Output).RootElement;
    }

    public static async Task<Process> Start(params string[] arguments) => await Command.Start(await File(), arguments);

    /// <summary>Sends a signal and waits for the process to end, for whatever reason.</summary>
    public static async Task End(Process tool, int signal)
    {
        Signal.Send(tool.Id, signal);
        await tool.WaitForExitAsync();
    }

    private static async Task<string> Find()
    {
        if (Environment.GetEnvironmentVariable("PREDUMP_BIN") is { Length: > 0 } given)
            return given;
        var folder = Path.Combine(Repository.Top, "artifacts", "predump");
        var binary = Path.Combine(folder, "predump");
        var source = Path.Combine(Repository.Top, "src", "PreDump");
        if (!System.IO.File.Exists(binary) || System.IO.File.GetLastWriteTimeUtc(binary) < NewestSource())
            await Command.Must("dotnet", "publish", source, "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier,
                "-o", folder);
        return binary;
    }

    private static DateTime NewestSource() =>
        Directory.EnumerateFiles(Path.Combine(Repository.Top, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal))
            .Max(System.IO.File.GetLastWriteTimeUtc);
}
