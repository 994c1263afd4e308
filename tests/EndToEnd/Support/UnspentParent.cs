using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>A first round of a victim, and a second one on it that must be refused in time: nothing was frozen, and the first is
/// a parent as before. On a kernel without dirty tracking preload/softdirty.c makes predump believe in it.</summary>
internal sealed class UnspentParent : IAsyncDisposable
{
    private readonly Victim _victim;
    private readonly Scratch _scratch = new();

    private UnspentParent(Victim victim, string? parent)
    {
        _victim = victim;
        Parent = parent ?? _scratch.Folder("1");
        Images = _scratch.Folder("2");
    }

    /// <summary>The directory of the first round.</summary>
    public string Parent { get; }

    /// <summary>The empty directory of the second one, beside <see cref="Other"/>.</summary>
    public string Images { get; }

    /// <summary>The path of another directory that is made for the test.</summary>
    public string Other => _scratch.Folder("other");

    /// <summary>Makes the first round.</summary>
    /// <param name="parent">Where; by default beside the second one.</param>
    public static async Task<UnspentParent> Make(string? parent = null)
    {
        Requires.Root();
        var made = new UnspentParent(await Victim.Start("plain", 64), parent);
        await Task.Delay(50); // a task that starts in the clock tick of the round counts as younger than the round
        await made.MustRound([], made.Parent);
        return made;
    }

    /// <summary>Tries a second round, which must be refused; then another, without what was in its way, which must not.</summary>
    /// <param name="command">Starts the tool; empty for the tool itself.</param>
    /// <param name="more">More arguments of the tool.</param>
    /// <param name="clear">Takes away what was in its way.</param>
    /// <returns>The line of the refusal.</returns>
    public async Task<string> AssertRefused(string[] command, string[] more, Func<Task>? clear = null)
    {
        string[] before = Content(Parent);
        var state = VictimState.OfTree(_victim);

        var line = Refusal.Line(Refusal.Failure, await Round(command, Images, [.. Previous, .. more]));

        Assert.DoesNotContain("security module", line);
        Assert.Equal(before, Content(Parent));
        Assert.Empty(Content(Images));
        await VictimState.AssertUnchanged(state, _victim);
        if (clear is not null)
            await clear();
        await MustRound(Previous, Images);
        Tally.Count("faults injected");
        return line;
    }

    public async ValueTask DisposeAsync()
    {
        await _victim.DisposeAsync();
        _scratch.Dispose();
    }

    private string[] Previous => ["--prev-images-dir", Path.GetRelativePath(Images, Parent)];

    private static string[] Content(string directory) =>
        [.. Directory.GetFileSystemEntries(directory).Order(StringComparer.Ordinal)];

    private async Task MustRound(string[] more, string images)
    {
        var result = await Round([], images, more);
        Assert.True(result.ExitCode == 0, result.ToString());
    }

    private async Task<CommandResult> Round(string[] command, string images, string[] more)
    {
        string[] all = [.. command, await PreDumpTool.File(), "--tree", $"{_victim.Pid}", "--images-dir", images, .. more];
        return await Command.Run(all[0], all[1..],
            environment: new Dictionary<string, string> { ["LD_PRELOAD"] = Victim.FileOf("softdirty.so") });
    }
}
