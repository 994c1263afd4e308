using System.Text.Json;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.Images;

/// <summary>`predump verify`: of images that predump wrote, and against the memory of a stopped tree.</summary>
public sealed class VerifyTests
{
    private const ulong Page = Mapping.PageSize;

    [Theory]
    [InlineData("plain")]
    [InlineData("processes", 5)]
    [InlineData("manythreads", 20, 0)]
    [InlineData("unreadable")]
    [InlineData("filemaps")]
    [InlineData("zeropages")]
    [InlineData("hugepages")]
    [InlineData("sharedmemory")]
    [InlineData("guards")]
    [InlineData("manymaps", 5000)]
    public async Task Images_of_a_stopped_tree_are_its_memory(string program, params int[] arguments)
    {
        Requires.Root();
        await using var victim = await Victim.Start(program, [.. arguments.Cast<object>()]);
        var before = VictimState.OfTree(victim);
        await victim.Stop();
        using var scratch = new Scratch();
        var summary = await PreDumpTool.Dump(victim.Pid, scratch.Path, "--track", "soft-dirty"); // without shared memory

        var verified = await Verify(0, scratch.Path, "--tree", $"{victim.Pid}");

        Assert.True(verified.GetProperty("sound").GetBoolean());
        var tasks = verified.GetProperty("compared").EnumerateArray().ToList();
        Assert.Equal(victim.Tree.Order(), tasks.Select(task => task.GetProperty("pid").GetInt32()).Order());
        Assert.Equal(summary.GetProperty("pages_written").GetInt64(), tasks.Sum(task => task.GetProperty("equal").GetInt64()));
        Assert.All(new[] { "different", "missing", "unreadable", "gone" },
            count => Assert.All(tasks, task => Assert.Equal(0, task.GetProperty(count).GetInt64())));
        Tally.Count("pages verified", summary.GetProperty("pages_written").GetInt64());
        Assert.All(victim.Tree, pid =>
            Assert.All(ProcessView.Threads(pid), thread => Assert.Equal('T', ProcessView.State(pid, thread))));
        victim.Continue();
        await VictimState.AssertUnchanged(before, victim);
    }

    [Fact]
    public async Task Verify_refuses_a_running_tree()
    {
        await using var victim = await Victim.Start("manythreads", 3, 0);
        using var scratch = new Scratch();
        await PreDumpTool.Dump(victim.Pid, scratch.Path);
        var result = await PreDumpTool.Run("verify", scratch.Path, "--tree", $"{victim.Pid}", "--json");
        Assert.Contains($"kill -STOP {victim.Pid}", Refusal.Line(Refusal.Failure, result));
    }

    [Fact]
    public async Task Verify_refuses_a_tree_of_which_one_task_runs()
    {
        await using var victim = await Victim.Start("processes", 3);
        using var scratch = new Scratch();
        await PreDumpTool.Dump(victim.Pid, scratch.Path);
        await victim.Stop();
        Signal.Send(victim.Tree[^1], Signal.Continue);
        await Eventually.True(() => ProcessView.State(victim.Tree[^1]) != 'T', "the last task goes on");
        var result = await PreDumpTool.Run("verify", scratch.Path, "--tree", $"{victim.Pid}");
        Assert.Contains($"thread {victim.Tree[^1]} of", Refusal.Line(Refusal.Failure, result));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Verify_takes_a_tree_in_a_frozen_cgroup(int version)
    {
        await using var victim = await Victim.Start("plain");
        using var cgroup = TestCgroup.Create(version);
        cgroup.Add(victim);
        using var scratch = new Scratch();
        await PreDumpTool.Dump(victim.Pid, scratch.Path);
        Refusal.Line(Refusal.Failure, await PreDumpTool.Run("verify", scratch.Path, "--tree", $"{victim.Pid}"));
        await cgroup.Freeze();
        var verified = await PreDumpTool.Run("verify", scratch.Path, "--tree", $"{victim.Pid}");
        Assert.Empty(verified.Errors);
        Assert.Contains("0 missing", verified.Output);
        Assert.True(cgroup.IsFrozen);
    }

    [Fact]
    public async Task Verify_finds_a_spoiled_page_by_its_address()
    {
        await using var round = await StoppedRound.Take();
        var (entry, offset) = round.Entries.MaxBy(entry => entry.Entry.NrPages);
        using (var pages = File.OpenWrite(round.Pages))
        {
            pages.Seek((long)(offset + 3 * Page + 100), SeekOrigin.Begin);
            pages.WriteByte(0xee);
            pages.Seek((long)(offset + 4 * Page), SeekOrigin.Begin);
            pages.Write("other bytes"u8);
            pages.Seek((long)(offset + 9 * Page - 1), SeekOrigin.Begin);
            pages.WriteByte(0xee);
        }
        await Verify(0, round.Images);

        var task = Assert.Single((await round.Verify(1)).GetProperty("compared").EnumerateArray());

        Assert.Equal(3, task.GetProperty("different").GetInt64());
        Assert.Equal(0, task.GetProperty("missing").GetInt64());
        Assert.Equal([($"0x{entry.Vaddr + 3 * Page:x}", 2), ($"0x{entry.Vaddr + 8 * Page:x}", 1)], Ranges(task, "different"));
    }

    [Fact]
    public async Task Verify_does_not_compare_damaged_images()
    {
        await using var round = await StoppedRound.Take();
        File.AppendAllText(round.Pages, "x");
        var result = await PreDumpTool.Run("verify", round.Images, "--tree", $"{round.Victim.Pid}");
        Assert.Equal(1, result.ExitCode);
        Assert.EndsWith("1 problem; memory not compared\n", result.Output);
    }

    [Fact]
    public async Task Verify_tells_pages_that_the_images_lack()
    {
        await using var round = await StoppedRound.Take();
        var whole = round.Entries;
        // The last two pages of the last run are removed, with their bytes.
        var (last, _) = whole[^1];
        var kept = whole.Select(entry => entry.Entry).ToList();
        if (last.NrPages > 2)
            kept[^1] = last with { NrPages = last.NrPages - 2 };
        else
            kept.RemoveAt(kept.Count - 1);
        ulong missing = Math.Min(2, last.NrPages);
        round.Write(kept);
        using (var pages = File.OpenWrite(round.Pages))
            pages.SetLength(pages.Length - (long)(missing * Page));

        var task = Assert.Single((await round.Verify(1)).GetProperty("compared").EnumerateArray());

        Assert.Equal((long)missing, task.GetProperty("missing").GetInt64());
        Assert.Equal(0, task.GetProperty("different").GetInt64());
        Assert.Equal([($"0x{last.Vaddr + (last.NrPages - missing) * Page:x}", (int)missing)], Ranges(task, "missing"));
    }

    [Fact]
    public async Task Verify_only_counts_pages_of_nowhere_and_of_tasks_that_ended()
    {
        await using var round = await StoppedRound.Take();
        round.Write([new PagemapEntry(0x10000, 5, PageFlags.Present), .. round.Entries.Select(entry => entry.Entry)]);
        File.WriteAllBytes(round.Pages, [.. new byte[5 * Page], .. File.ReadAllBytes(round.Pages)]);
        var ended = Bytes.Pagemap(77, new PagemapEntry(0x20000, 2, PageFlags.Present));
        File.WriteAllBytes(Path.Combine(round.Images, ImageNames.Pagemap(1_999_999)), ended);
        File.WriteAllBytes(Path.Combine(round.Images, ImageNames.Pages(77)), new byte[2 * Page]);

        var tasks = (await round.Verify(0)).GetProperty("compared").EnumerateArray().ToList();

        Assert.Equal([5L, 2], tasks.Select(task => task.GetProperty("gone").GetInt64()));
        Assert.True(tasks[1].GetProperty("ended").GetBoolean());
    }

    [Fact]
    public async Task Verify_finds_pages_through_the_whole_chain()
    {
        await using var round = await StoppedRound.Take();
        using var scratch = new Scratch();
        // Of each run the first page is in the last round, the second in the round before, the others in the first.
        string first = round.Images, second = Chained("2", first), third = Chained("3", second);
        var (secondPages, thirdPages) = (new MemoryStream(), new MemoryStream());
        var (secondRuns, thirdRuns) = (new List<PagemapEntry>(), new List<PagemapEntry>());
        var all = File.ReadAllBytes(round.Pages);
        foreach (var (entry, offset) in round.Entries)
        {
            thirdPages.Write(all, (int)offset, (int)Page);
            thirdRuns.Add(new PagemapEntry(entry.Vaddr, 1, PageFlags.Present));
            secondRuns.Add(new PagemapEntry(entry.Vaddr, 1, PageFlags.Parent));
            if (entry.NrPages == 1)
                continue;
            secondPages.Write(all, (int)(offset + Page), (int)Page);
            secondRuns.Add(new PagemapEntry(entry.Vaddr + Page, 1, PageFlags.Present));
            thirdRuns.Add(new PagemapEntry(entry.Vaddr + Page, entry.NrPages - 1, PageFlags.Parent));
            if (entry.NrPages > 2)
                secondRuns.Add(new PagemapEntry(entry.Vaddr + 2 * Page, entry.NrPages - 2, PageFlags.Parent));
            // In the first round those two pages have other contents.
            all.AsSpan((int)offset, 2 * (int)Page).Fill(0xee);
        }
        File.WriteAllBytes(round.Pages, all);
        Put(second, secondRuns, secondPages);
        Put(third, thirdRuns, thirdPages);

        var verified = await Verify(0, third, "--tree", $"{round.Victim.Pid}");

        Assert.Equal(3, verified.GetProperty("rounds").GetInt32());
        var task = Assert.Single(verified.GetProperty("compared").EnumerateArray());
        Assert.Equal(all.Length / (long)Page, task.GetProperty("equal").GetInt64());
        // And the first round alone no longer matches the memory.
        Assert.NotEqual(0, (await Verify(1, first, "--tree", $"{round.Victim.Pid}")).GetProperty("compared")[0]
            .GetProperty("different").GetInt64());

        string Chained(string name, string parent)
        {
            string directory = scratch.Folder(name);
            File.Copy(Path.Combine(first, ImageNames.Inventory), Path.Combine(directory, ImageNames.Inventory));
            File.CreateSymbolicLink(Path.Combine(directory, ImageNames.Parent), Path.GetRelativePath(directory, parent));
            return directory;
        }
        void Put(string directory, List<PagemapEntry> runs, MemoryStream pages)
        {
            File.WriteAllBytes(Path.Combine(directory, ImageNames.Pagemap(round.Victim.Pid)), Bytes.Pagemap(1, [.. runs]));
            File.WriteAllBytes(Path.Combine(directory, ImageNames.Pages(1)), pages.ToArray());
        }
    }

    [Fact]
    public async Task Verify_needs_little_memory_for_images_of_any_size()
    {
        Requires.Program("/usr/bin/python3", "python3");
        using var folder = new HandmadeRounds();
        string first = folder.Round("1"), second = folder.Round("2", "../1");
        foreach (var (directory, flags) in new[] { (first, PageFlags.Present), (second, PageFlags.Parent) })
        {
            File.WriteAllBytes(Path.Combine(directory, ImageNames.Pagemap(7)),
                Bytes.Pagemap(1, [.. Enumerable.Range(0, 500_000).Select(i => new PagemapEntry((ulong)i * 4 * Page, 2, flags))]));
            using var pages = File.Create(Path.Combine(directory, ImageNames.Pages(1)));
            if (flags == PageFlags.Present)
                pages.SetLength(1_000_000L * (long)Page);
        }
        const string Script = "import resource, subprocess, sys; subprocess.check_call(sys.argv[1:]); "
            + "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
        var output = await Command.Must("/usr/bin/python3", "-c", Script, await PreDumpTool.File(), "verify", second);
        Assert.Contains("1000000 in the parent, 2 rounds in the chain: 0 problems", output);
        Assert.InRange(long.Parse(output.TrimEnd().Split('\n')[^1]), 1, 16 * 1024);
    }

    [Theory]
    [InlineData(Refusal.Failure, "verify", "/nonexistent")]
    [InlineData(Refusal.Failure, "show", "/nonexistent")]
    [InlineData(Refusal.Failure, "show", "/etc/passwd")]
    [InlineData(Refusal.Usage, "verify", "/tmp", "--tree", "x")]
    [InlineData(Refusal.Usage, "verify", "/tmp", "--no-such-option")]
    [InlineData(Refusal.Usage, "show", "/tmp", "/tmp")]
    public async Task Verify_says_in_one_line_what_it_can_not_do(int exitCode, params string[] arguments) =>
        Refusal.Line(exitCode, await PreDumpTool.Run(arguments));

    private static async Task<JsonElement> Verify(int exitCode, params string[] arguments)
    {
        var result = await PreDumpTool.Run(["verify", .. arguments, "--json"]);
        Assert.True(result.ExitCode == exitCode, result.ToString());
        Assert.Empty(result.Errors);
        return JsonDocument.Parse(result.Output).RootElement;
    }

    private static IEnumerable<(string, int)> Ranges(JsonElement task, string what) => task.GetProperty("ranges").EnumerateArray()
        .Where(range => range.GetProperty("what").GetString() == what)
        .Select(range => (range.GetProperty("vaddr").GetString()!, range.GetProperty("nr_pages").GetInt32()));

    /// <summary>A stopped victim with the images that were made of it.</summary>
    private sealed class StoppedRound(Victim victim, Scratch scratch) : IAsyncDisposable
    {
        public Victim Victim => victim;
        public string Images => scratch.Path;
        public string Pages => scratch[ImageNames.Pages(1)];

        private string Pagemap => scratch[ImageNames.Pagemap(victim.Pid)];

        /// <summary>The runs, with their offsets in the pages file.</summary>
        public List<(PagemapEntry Entry, ulong Offset)> Entries
        {
            get
            {
                ulong offset = 0;
                var entries = new List<(PagemapEntry, ulong)>();
                foreach (var entry in Bytes.ReadPagemap(File.ReadAllBytes(Pagemap)))
                {
                    entries.Add((entry, offset));
                    offset += entry.NrPages * Page;
                }
                return entries;
            }
        }

        public static async Task<StoppedRound> Take()
        {
            var victim = await Victim.Start("plain", 64);
            await victim.Stop();
            var round = new StoppedRound(victim, new Scratch());
            await PreDumpTool.Dump(victim.Pid, round.Images);
            return round;
        }

        public void Write(List<PagemapEntry> entries) => File.WriteAllBytes(Pagemap, Bytes.Pagemap(1, [.. entries]));

        public Task<JsonElement> Verify(int exitCode) => VerifyTests.Verify(exitCode, Images, "--tree", $"{victim.Pid}");

        public async ValueTask DisposeAsync()
        {
            await victim.DisposeAsync();
            scratch.Dispose();
        }
    }
}
