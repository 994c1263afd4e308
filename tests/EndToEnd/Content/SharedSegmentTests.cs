using Xunit;
using static PreDump.Tests.EndToEnd.Content.ContentRoundsTests;

namespace PreDump.Tests.EndToEnd.Content;

/// <summary>Shared memory in rounds by content: each segment once, named and addressed as CRIU's dump does it.</summary>
public sealed class SharedSegmentTests
{
    [Theory]
    [InlineData("sharedmemory", "", 2, 64)]
    [InlineData("memfds", "", 1, 32)]
    [InlineData("segments", "one", 1, 64)]
    [InlineData("segments", "same", 1, 64)]
    [InlineData("segments", "family", 1, 64)]
    [InlineData("segments", "many", 64, 64 + 63 * 64 / 2)]
    [InlineData("segments", "huge", 1, 3)]
    public async Task Each_segment_is_taken_once_and_compared_with_the_parents(string program, string shape, int count, int pages)
    {
        await Requires.PageOracle();
        await using var victim = await Started(program, shape);
        using var rounds = new ContentRounds(victim);

        var first = await rounds.Make("1");

        Assert.Equal(count, first.GetProperty("segments").GetInt32());
        Assert.False(first.GetProperty("skipped").TryGetProperty("shared", out _), $"{first}");
        AssertSame(victim, await DecodedImages.Read(rounds["1"]), pages);
        Assert.Equal(0, Pages(await rounds.Make("2", "1"), "written"));
        var second = await DecodedImages.Read(rounds["2"]);
        Assert.Equal(pages, second.Segments.Values.Sum(one => one.Runs.Sum(run => (int)run.Pages)));
        Assert.All(second.Segments.Values.SelectMany(one => one.Runs), run => Assert.Equal(ImageRun.Parent, run.Flags));
        if (program == "segments")
        {
            await rounds.Change();
            Assert.InRange(Pages(await rounds.Make("3", "2"), "written"), 1, 12);
            var third = await DecodedImages.Read(rounds["3"]);
            Assert.Equal(1, third.Segments.Values.Sum(one => one.Places().Count));
            AssertSame(victim, third, 1);
            await rounds.AssertExact("3");
        }
    }

    [Fact]
    public async Task A_segment_in_which_nothing_was_written_is_empty()
    {
        await Requires.PageOracle();
        await using var victim = await Started("segments", "none");
        using var rounds = new ContentRounds(victim);
        Assert.Equal(1, (await rounds.Make("1")).GetProperty("segments").GetInt32());
        Assert.Empty(Assert.Single((await DecodedImages.Read(rounds["1"])).Segments).Value.Runs);
        await rounds.Change();
        Assert.InRange(Pages(await rounds.Make("2", "1"), "written"), 1, 12);
        AssertSame(victim, await DecodedImages.Read(rounds["2"]), 1);
    }

    /// <summary>At any moment of the copy: pages that are not there any more are left out, or are zeros.</summary>
    [Fact]
    public async Task A_segment_that_is_made_shorter_during_the_copy_harms_no_round()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("segments", "cut");
        using var rounds = new ContentRounds(victim);
        await rounds.Make("0");
        for (int i = 1; i <= 30; i++)
        {
            await rounds.Make($"{i}", $"{i - 1}");
            var segment = Assert.Single((await DecodedImages.Read(rounds[$"{i}"])).Segments).Value;
            segment.AssertWellFormed();
            Assert.All(segment.Runs, run => Assert.True(run.End <= 64 * Mapping.PageSize, $"{run}"));
        }
        Assert.Equal(0, (await PreDumpTool.Run("verify", rounds["30"])).ExitCode);
    }

    /// <summary>Files in /dev/shm: CRIU's dump has them as files, or not at all.</summary>
    [Theory]
    [InlineData("deleted", "shared")]
    [InlineData("hugetlb", "shared")]
    public async Task What_CRIU_has_under_another_name_is_left_out_and_said(string shape, string reason)
    {
        using var reserved = shape == "hugetlb" ? HugePages.Reserve(2) : null;
        await using var victim = await Started("segments", shape);
        using var rounds = new ContentRounds(victim);
        var summary = await rounds.Make("1");
        Assert.Equal(0, summary.GetProperty("segments").GetInt32());
        Assert.Equal(1, summary.GetProperty("skipped").GetProperty(reason).GetProperty("vmas").GetInt32());
        Assert.Empty(Directory.GetFiles(rounds["1"], "pagemap-shmem-*"));
    }

    [Fact]
    public async Task Rounds_by_soft_dirty_leave_shared_memory_to_the_dump()
    {
        await using var victim = await Started("segments", "one");
        using var scratch = new Scratch();
        var result = await Command.Run(await PreDumpTool.File(),
            ["-t", $"{victim.Pid}", "-D", scratch.Path, "--json", "--track", "soft-dirty"],
            environment: new Dictionary<string, string> { ["LD_PRELOAD"] = Victim.FileOf("softdirty.so") });
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("\"segments\":0", result.Output.Replace(" ", "", StringComparison.Ordinal));
        Assert.Empty(Directory.GetFiles(scratch.Path, "pagemap-shmem-*"));
    }

    /// <summary>/proc/PID/map_files takes CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE.</summary>
    [Theory]
    [InlineData("-sys_admin,-checkpoint_restore", 0)]
    [InlineData("-sys_admin", 1)]
    [InlineData("-checkpoint_restore", 1)]
    public async Task Without_the_capability_shared_memory_is_left_out_and_said(string dropped, int segments)
    {
        const string SetPriv = "/usr/bin/setpriv";
        Requires.Program(SetPriv, "util-linux");
        await using var victim = await Started("segments", "one");
        using var rounds = new ContentRounds(victim);
        var result = await Command.Run(SetPriv, [$"--bounding-set={dropped}", await PreDumpTool.File(), .. rounds.Words("1")]);
        Assert.True(result.ExitCode == 0, result.ToString());
        var summary = System.Text.Json.JsonDocument.Parse(result.Output).RootElement;
        Assert.Equal(segments, summary.GetProperty("segments").GetInt32());
        Assert.Equal(1 - segments, summary.GetProperty("skipped").TryGetProperty("shared", out var shared)
            ? shared.GetProperty("vmas").GetInt32() : 0);
        await rounds.AssertExact("1");
    }

    private static async Task<Victim> Started(string program, string shape)
    {
        Requires.Root();
        var victim = shape.Length > 0 ? await Victim.Start(program, shape) : await Victim.Start(program);
        await victim.Stop();
        return victim;
    }

    // The pages that are here and not in a parent, with the memory that is mapped.
    private static void AssertSame(Victim victim, DecodedImages images, int pages)
    {
        Assert.Equal(pages, images.Segments.Values.Sum(one => one.Places().Count));
        var found = new HashSet<(ulong, ulong)>();
        foreach (int pid in victim.Tree)
        {
            using var memory = Oracle.Memory(pid);
            foreach (var (start, end, offset, inode) in SharedMappings(pid))
            {
                Assert.True(images.Segments.TryGetValue(inode, out var segment), $"segment {inode}");
                segment.AssertWellFormed();
                using var file = File.OpenHandle(segment.PagesFile);
                foreach (var (at, place) in segment.Places())
                {
                    if (at < offset || at - offset >= end - start)
                        continue;
                    byte[] here = new byte[Mapping.PageSize], there = new byte[Mapping.PageSize];
                    Oracle.ReadWhole(memory, here, start + at - offset);
                    Oracle.ReadWhole(file, there, (ulong)place);
                    Assert.True(here.AsSpan().SequenceEqual(there), $"page {at:x} of segment {inode}");
                    found.Add((inode, at));
                }
            }
        }
        Assert.Equal(pages, found.Count);
    }

    private static IEnumerable<(ulong Start, ulong End, ulong Offset, ulong Inode)> SharedMappings(int pid) =>
        File.ReadAllLines($"/proc/{pid}/maps").Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(field => field[1][3] == 's' && field.Length > 5 && field[^1] == "(deleted)")
            .Select(field => (Hex(field[0].Split('-')[0]), Hex(field[0].Split('-')[1]), Hex(field[2]), ulong.Parse(field[4])));

    private static ulong Hex(string number) => Convert.ToUInt64(number, 16);
}
