using Xunit;

namespace PreDump.Tests.EndToEnd.Faults;

/// <summary>
/// Each call that predump makes fails once, with each error that fits it: the images are those of an undisturbed run,
/// or a one-line error says what failed and no file is left. The victim is stopped, so that images can be compared byte by
/// byte.
/// </summary>
public sealed class EveryCallTests
{
    private const string Stats = "stats-dump";

    /// <summary>The numbers and calls of tests/victims/preload/failing-calls, which tests/vm/faults.py reads as well.</summary>
    public static TheoryData<int, string> Errors => [.. from line in File.ReadLines(Victim.FileOf("failing-calls"))
                                                        where !line.StartsWith('#')
                                                        let words = line.Split(' ')
                                                        select new TheoryDataRow<int, string>(int.Parse(words[0]), words[2])];

    [Theory]
    [MemberData(nameof(Errors))]
    public Task A_call_that_fails_in_a_round_by_ptrace_is_harmless(int error, string calls) => FailOneByOne(error, calls, null);

    [Theory]
    [MemberData(nameof(Errors))]
    public Task A_call_that_fails_in_a_round_by_a_cgroup_of_v1_is_harmless(int error, string calls) =>
        FailOneByOne(error, calls, 1);

    [Theory]
    [MemberData(nameof(Errors))]
    public Task A_call_that_fails_in_a_round_by_a_cgroup_of_v2_is_harmless(int error, string calls) =>
        FailOneByOne(error, calls, 2);

    private static async Task FailOneByOne(int error, string calls, int? cgroupVersion)
    {
        await using var victim = await Victim.Start("processes", 3);
        using var cgroup = cgroupVersion is { } version ? TestCgroup.Create(version) : null;
        cgroup?.Add(victim);
        var before = VictimState.OfTree(victim);
        await victim.Stop();
        using var scratch = new Scratch();
        using var tool = new FaultyTool();
        string[] Arguments(string images) => cgroup is null
            ? ["--tree", $"{victim.Pid}", "--images-dir", images]
            : ["--tree", $"{victim.Pid}", "--images-dir", images, "--freeze-cgroup", cgroup.Path];

        await PreDumpTool.Dump(victim.Pid, scratch.Folder("undisturbed"));
        var undisturbed = Content(scratch["undisturbed"]);
        int failed = 0;
        var kinds = new HashSet<string>();
        for (var at = 1; ; at++)
        {
            var images = scratch.Folder("images");
            if (await tool.Run(calls, at, error, Arguments(images)) is not var (result, call))
                break;
            failed++;
            kinds.Add(call.Split(' ')[0]);
            var what = $"{call} (number {at}) failed with {error}: {result}";
            if (result.ExitCode == 0)
            {
                Assert.True(Content(images).SequenceEqual(undisturbed), $"other images than undisturbed: {what}");
                Assert.True(File.Exists(Path.Combine(images, Stats)) || result.Errors.Contains("the statistics can't be written"),
                    $"no statistics: {what}");
            }
            else
            {
                Refusal.Line(Refusal.Failure, result);
                Assert.DoesNotContain("defect of predump", result.Errors);
                Assert.True(Directory.GetFileSystemEntries(images).Length == 0, $"something is left: {what}");
            }
            if (cgroup is not null)
                await Eventually.True(() => cgroup.IsThawed, $"the cgroup is thawed: {what}");
            foreach (var pid in victim.Tree)
            {
                Assert.True(ProcessView.Status(pid, "TracerPid") == "0", $"{pid} is still traced: {what}");
                await Eventually.True(() => ProcessView.State(pid) == 'T', $"{pid} is stopped as before: {what}");
            }
            Directory.Delete(images, recursive: true);
        }
        victim.Continue();
        await VictimState.AssertUnchanged(before, victim);
        Tally.Count("faults injected", failed);
        Tally.Count("pairs of an error and a call that failed", kinds.Count);
        Assert.True(failed > 0, "none of these calls was made");
    }

    // The inventory contains times; pages and pagemaps must be identical. The statistics are no part of the images.
    private static List<string> Content(string images) =>
        [.. Directory.GetFiles(images).Where(file => Path.GetFileName(file) != Stats).Order(StringComparer.Ordinal)
            .Select(file => Path.GetFileName(file)
                + (Path.GetFileName(file).StartsWith("pag", StringComparison.Ordinal)
                    ? Convert.ToHexString(File.ReadAllBytes(file)) : ""))];
}
