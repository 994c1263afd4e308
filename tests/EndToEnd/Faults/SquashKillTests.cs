using System.Globalization;
using PreDump.Images;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.EndToEnd.Faults;

/// <summary>`predump squash` killed at moments spread evenly over its calls, each with a random delay: the last round is as it
/// was or the squashed one, another place has nothing or all of it, and squashing again succeeds and leaves nothing behind.
/// PREDUMP_KILLS=N kills N times in place and N elsewhere instead of 20; 100 makes 200 in all.</summary>
public sealed class SquashKillTests : IDisposable
{
    private static readonly int s_kills = int.TryParse(Environment.GetEnvironmentVariable("PREDUMP_KILLS"), out int kills)
        ? kills : 20;

    private readonly Scratch _scratch = new();
    private readonly string _chain;

    public SquashKillTests() => _chain = MakeChain();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_killed_squash_leaves_a_whole_chain_or_a_whole_directory(bool inPlace)
    {
        var memory = ChainContent.Of(Path.Combine(_chain, "3"));
        using var tool = new FaultyTool();
        int calls = await tool.CountCalls(Arguments(await Copy("undisturbed"), inPlace));
        int killed = 0;
        for (int i = 0; i < s_kills; i++)
        {
            string home = await Copy(i.ToString(CultureInfo.InvariantCulture)), last = Path.Combine(home, "3");
            var before = Content(last);
            int at = 1 + (int)((long)i * calls / s_kills);
            using (var running = await tool.Start(at, Signal.Kill, Random.Shared.Next(0, 3000), Arguments(home, inPlace)))
                await running.WaitForExitAsync(TestContext.Current.CancellationToken);
            killed += tool.SignalledAt() is null ? 0 : 1;

            string what = $"killed at call {at} of {calls}", made = inPlace ? last : Path.Combine(home, "out");
            if (inPlace ? !Directory.Exists(Path.Combine(made, ImageNames.Parent)) : Directory.Exists(made))
                await AssertWhole(made, memory, what);
            else if (inPlace)
                Assert.True(before.SequenceEqual(Content(last)), $"the last round has changed: {what}");
            if (!inPlace) // whose last round gets at most its mark
                Assert.True(before.SequenceEqual(Content(last).Where(file => file.Key != ImageNames.Child)), what);
            Assert.Equal(memory, ChainContent.Of(last));

            if (inPlace || !Directory.Exists(made))
                await Command.Must(await PreDumpTool.File(), Arguments(home, inPlace));
            await AssertWhole(made, memory, what);
            Assert.DoesNotContain(Directory.GetFileSystemEntries(home), path => Path.GetFileName(path).StartsWith('.'));
            Directory.Delete(home, recursive: true);
        }
        Tally.Count("faults injected", killed);
        Tally.Count("kills of predump squash", killed);
        Assert.True(killed > s_kills / 2, $"only {killed} of {s_kills} were killed");
    }

    private static string[] Arguments(string home, bool inPlace) =>
        ["squash", Path.Combine(home, "3"), .. inPlace ? ["--in-place"] : (string[])["-o", Path.Combine(home, "out")]];

    private static async Task AssertWhole(string directory, SortedDictionary<string, string> memory, string what)
    {
        var result = await PreDumpTool.Run("verify", directory);
        Assert.True(result.ExitCode == 0 && result.Output.Contains("1 round in the chain"), $"{result}: {what}");
        Assert.Equal(memory, ChainContent.Of(directory));
        Assert.Equal("registers", File.ReadAllText(Path.Combine(directory, "core-7.img")));
    }

    private static SortedDictionary<string, string> Content(string directory) => new(
        Directory.GetFiles(directory).ToDictionary(path => Path.GetFileName(path),
            path => Convert.ToHexString(File.ReadAllBytes(path))), StringComparer.Ordinal);

    private async Task<string> Copy(string name)
    {
        await Command.Must("/bin/cp", "-a", _chain, _scratch[name]);
        return _scratch[name];
    }

    private string MakeChain()
    {
        using var rounds = new HandmadeRounds(_scratch.Folder("chain"));
        string first = rounds.Round("1", uptimeMicroseconds: 1), second = rounds.Round("2", "../1", uptimeMicroseconds: 2),
            third = rounds.Round("3", "../2", uptimeMicroseconds: 3);
        for (int pid = 7; pid < 10; pid++)
        {
            rounds.Task(first, pid, 1, (10, 200, PageFlags.Present));
            rounds.Task(second, pid, 2, (10, 50, PageFlags.Parent), (60, 40, PageFlags.Present), (100, 110, PageFlags.Parent));
            rounds.Task(third, pid, 3, (10, 70, PageFlags.Parent), (80, 5, PageFlags.Present), (85, 100, PageFlags.Parent));
        }
        foreach (var pages in Directory.GetFiles(rounds.Path, "pages-*.img", SearchOption.AllDirectories))
        {
            var bytes = new byte[new FileInfo(pages).Length];
            Random.Shared.NextBytes(bytes);
            bytes.AsSpan(0, Math.Min(bytes.Length, 20 * PageSize.Bytes)).Clear();
            File.WriteAllBytes(pages, bytes);
        }
        File.WriteAllText(Path.Combine(third, "core-7.img"), "registers");
        return rounds.Path;
    }
}
