using System.Text.Json;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>Rounds by content of one victim, in directories of one test.</summary>
internal sealed class ContentRounds(Victim victim) : IDisposable
{
    private readonly Scratch _scratch = new();

    public string this[string name] => _scratch[name];

    public string Home => _scratch.Path;

    /// <summary>Makes one that has to succeed without a word; returns its --json summary.</summary>
    public async Task<JsonElement> Make(string name, string? parent = null, params string[] more)
    {
        var result = await Try(name, parent, more);
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Empty(result.ErrorLines);
        return JsonDocument.Parse(result.Output).RootElement;
    }

    /// <summary>The same, whatever comes of it.</summary>
    public Task<CommandResult> Try(string name, string? parent = null, params string[] more) =>
        PreDumpTool.Run(Words(name, parent, more));

    /// <summary>The tool's arguments for a round; makes its directory.</summary>
    public string[] Words(string name, string? parent = null, params string[] more) =>
    [
        "--tree", $"{victim.Pid}", "--images-dir", _scratch.Folder(name), "--json",
        .. more.Contains("--track") ? Array.Empty<string>() : ["--track", "content"],
        .. parent is null ? Array.Empty<string>() : ["--prev-images-dir", $"../{parent}"], .. more,
    ];

    /// <summary>Compares a round's chain with the victim, which is stopped and as it was in the round.</summary>
    public async Task AssertExact(string name)
    {
        var result = await PreDumpTool.Run("verify", this[name], "--tree", $"{victim.Pid}", "--json");
        Assert.True(result.ExitCode == 0, result.ToString());
        foreach (var task in JsonDocument.Parse(result.Output).RootElement.GetProperty("compared").EnumerateArray())
        {
            Assert.True(task.GetProperty("different").GetInt64() == 0 && task.GetProperty("missing").GetInt64() == 0, $"{task}");
            Tally.Count("pages verified", task.GetProperty("equal").GetInt64());
        }
    }

    /// <summary>Lets the victim, which is stopped, do what it does at a signal, and stops it again.</summary>
    public async Task Change()
    {
        victim.Continue();
        Signal.Send(victim.Pid, Signal.Usr1);
        Assert.Equal("DONE", await victim.Line());
        await victim.Stop();
    }

    /// <summary>The rounds that are noted in a round as made on it by content.</summary>
    public string[] Children(string name) =>
        File.Exists(this[$"{name}/{ImageNames.ChildrenByContent}"])
            ? File.ReadAllLines(this[$"{name}/{ImageNames.ChildrenByContent}"]) : [];

    public void Dispose() => _scratch.Dispose();
}
