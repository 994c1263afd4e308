using System.Text.Json;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.Series;

/// <summary>`predump rounds` on a kernel that marks no page (preload/softdirty.c makes predump trust its dirty tracking): nothing
/// looks dirty, so that one round is enough. (Real kernels, verdicts and checkpoints: tests/vm/checkpoint.py.)</summary>
public sealed class RoundsTests
{
    [Fact]
    public async Task Rounds_end_when_a_dump_would_stop_the_tree_shortly()
    {
        await using var victim = await Start();
        using var scratch = new Scratch();

        var result = await Rounds(victim, scratch["new"], "--max-downtime", "10000");

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("converged: a dump now would stop the tree for about ", result.Output);
        Assert.Contains($"dump it with: predump checkpoint -t {victim.Pid} -D {scratch["new"]}", result.Output);
        Assert.True(File.Exists(scratch["new/1/" + ImageNames.Inventory]));
        Assert.True(File.Exists(scratch["new/1/stats-dump"]));
        Assert.False(Directory.Exists(scratch["new/2"]));
    }

    [Fact]
    public async Task Each_line_of_json_is_printed_kept_and_given_to_the_command()
    {
        await using var victim = await Start();
        using var scratch = new Scratch();
        string lines = Path.Combine(scratch.Path, "predump-rounds.jsonl"), given = scratch["given"];
        const string Command = "echo \"$PREDUMP_ROUND $PREDUMP_IMAGES_DIR $PREDUMP_JSON\" >> \"$GIVEN\"; echo heard";

        var first = await Rounds(victim, scratch.Path, "--json", "--max-downtime", "0", "--after-round", Command);
        var second = await Rounds(victim, scratch.Path, "--json", "--max-downtime", "10000", "--after-round", Command);

        Assert.Equal((3, 0), (first.ExitCode, second.ExitCode));
        Assert.Equal(first.Output + second.Output, File.ReadAllText(lines));
        Assert.Contains("heard", first.Errors);
        var all = (first.Output + second.Output).Trim().Split('\n').Select(line => JsonDocument.Parse(line).RootElement)
            .ToArray();
        Assert.Equal(["not-converging", "converged"],
            all.Where(line => line.TryGetProperty("verdict", out _)).Select(line => line.GetProperty("verdict").GetString()));
        var rounds = all.Where(line => line.TryGetProperty("round", out _)).ToArray();
        Assert.Equal([1, 2], rounds.Select(line => line.GetProperty("round").GetInt32()));
        Assert.Equal(JsonValueKind.Null, rounds[0].GetProperty("parent_dir").ValueKind);
        Assert.Equal(scratch["1"], rounds[1].GetProperty("parent_dir").GetString()); // the second call goes on from the first
        Assert.True(rounds[0].GetProperty("pages_written").GetInt64() >= 1000);
        Assert.True(rounds[1].GetProperty("pages_written").GetInt64() < 100);
        Assert.All(rounds, round => Assert.True(round.GetProperty("estimate").GetProperty("stop_us").GetInt64() > 0));
        Assert.Equal($"1 {scratch["1"]} {first.Output.Split('\n')[0]}\n2 {scratch["2"]} {second.Output.Split('\n')[0]}\n",
            File.ReadAllText(given));

        async Task<CommandResult> Rounds(Victim victim, string directory, params string[] more) =>
            await RoundsTests.Rounds(victim, directory, more, ("GIVEN", given));
    }

    [Fact]
    public async Task A_command_that_fails_ends_the_series()
    {
        await using var victim = await Start();
        using var scratch = new Scratch();
        var result = await Rounds(victim, scratch.Path, "--after-round", "exit 7");
        Assert.Contains("the command after round 1 has ended with exit code 7", Refusal.Line(Refusal.Failure, result));
        Assert.True(File.Exists(scratch["1/" + ImageNames.Inventory]));
    }

    /// <summary>Of another tree, for example.</summary>
    [Fact]
    public async Task A_round_that_can_be_no_parent_is_left_alone()
    {
        await using var one = await Start();
        await using var other = await Start();
        using var scratch = new Scratch();
        await Rounds(one, scratch.Path, "--max-downtime", "10000");

        var result = await Rounds(other, scratch.Path, "--max-downtime", "10000");

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("the series begins anew with a full round", result.Errors);
        Assert.False(File.Exists(scratch["2/parent"]));
        await Command.Must(await PreDumpTool.File(), "verify", scratch["2"]);
    }

    [Fact]
    public async Task A_round_that_fails_leaves_no_directory()
    {
        await using var victim = await Start();
        using var scratch = new Scratch();
        var result = await Rounds(victim, scratch.Path, "--freeze-cgroup", "/nowhere");
        Refusal.Line(Refusal.Failure, result);
        Assert.Empty(Directory.GetDirectories(scratch.Path));
    }

    [Fact]
    public async Task A_kernel_that_tracks_nothing_is_named_if_its_tracking_is_asked_for()
    {
        Requires.NoSoftDirty();
        using var scratch = new Scratch();
        foreach (var command in (string[])["rounds", "checkpoint"])
        {
            var result = await PreDumpTool.Run(command, "-t", "1", "-D", scratch.Path, "--track", "soft-dirty");
            Assert.Contains("no soft-dirty", Refusal.Line(Refusal.Failure, result));
        }
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Path));
    }

    private static async Task<Victim> Start()
    {
        Requires.Root();
        Requires.NoSoftDirty(); // there the real tracking works
        return await Victim.Start("plain", 1000);
    }

    private static Task<CommandResult> Rounds(Victim victim, string directory, params string[] more) =>
        Rounds(victim, directory, more, []);

    private static async Task<CommandResult> Rounds(
        Victim victim, string directory, string[] more, params (string Name, string Value)[] variables)
    {
        var environment = variables.ToDictionary(one => one.Name, one => one.Value);
        environment["LD_PRELOAD"] = Victim.FileOf("softdirty.so");
        environment["PATH"] = "/usr/bin:/bin";
        return await Command.Run(await PreDumpTool.File(), ["rounds", "-t", $"{victim.Pid}", "-D", directory, .. more],
            environment: environment);
    }
}
