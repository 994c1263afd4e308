using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.Proof;

/// <summary>predump as criu's action script: the pages that a final dump leaves to its parents are compared with the memory,
/// and corrected if they are wrong.</summary>
public sealed class ActionScriptTests
{
    private const ulong Page = HandmadeDump.Page;

    public static TheoryData<string> Layouts => [.. s_layouts.Keys];

    // The pages of each run of the first round that the final dump holds itself.
    private static readonly Dictionary<string, Func<PagemapEntry, IEnumerable<PagemapEntry>>> s_layouts = new()
    {
        ["none"] = run => [run with { Flags = PageFlags.Parent }],
        ["the first of each run"] = run => Split(run, 1, PageFlags.Present, PageFlags.Parent),
        ["the second half, lazily"] = run => Split(run, run.NrPages / 2, PageFlags.Parent, PageFlags.Present | PageFlags.Lazy),
        ["every third, the others lazily in the parent"] = run => Enumerable.Range(0, (int)run.NrPages).Select(i =>
            new PagemapEntry(run.Vaddr + (ulong)i * Page, 1, i % 3 == 1 ? PageFlags.Present : PageFlags.Parent | PageFlags.Lazy)),
    };

    [Fact]
    public async Task An_action_that_is_not_the_end_of_a_dump_is_let_pass()
    {
        using var scratch = new Scratch();
        foreach (var action in new[]
            { "pre-dump", "network-lock", "post-restore", "pre-resume", "what comes in a later version" })
        {
            var result = await Command.Run(await PreDumpTool.File(), [], scratch.Path,
                new Dictionary<string, string> { ["CRTOOLS_SCRIPT_ACTION"] = action });
            Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Errors));
            Assert.Empty(Directory.GetFileSystemEntries(scratch.Path));
        }
    }

    [Fact]
    public async Task Right_images_are_left_as_they_are()
    {
        await using var victim = await Victim.Start("processes", 5);
        using var dump = await HandmadeDump.Take(victim, s_layouts["the first of each run"]);
        var (before, parent) = (HandmadeDump.Content(dump.Final), HandmadeDump.Content(dump.Round));

        var result = await dump.Run();

        Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Errors));
        Assert.Equal(before, HandmadeDump.Content(dump.Final));
        await dump.AssertProved();
        var figures = dump.Figures();
        long pages = victim.Tree.Sum(pid => HandmadeDump.Runs(dump.Final, pid).Where(run => run.Flags.HasFlag(PageFlags.Parent))
            .Sum(run => (long)run.NrPages));
        Assert.Equal((pages, pages, 0, 0, 5),
            (figures["pages_in_parent"], figures["pages_compared"], figures["pages_wrong"], figures["pages_mended"],
                figures["tasks"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(dump.LogFile));
        // The parent is unchanged, except for the mark that it has been used.
        Assert.StartsWith(dump.Final + "\n", File.ReadAllText(Path.Combine(dump.Round, ImageNames.Child)));
        File.Delete(Path.Combine(dump.Round, ImageNames.Child));
        Assert.Equal(parent, HandmadeDump.Content(dump.Round));
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public async Task Wrong_pages_are_mended(string layout)
    {
        await using var victim = await Victim.Start("plain", 700);
        using var dump = await HandmadeDump.Take(victim, s_layouts[layout]);
        var before = Kinds(dump);
        var own = dump.Largest(victim.Pid);
        // The first and the last page of its runs, single pages, neighbours, and more than a batch holds.
        ulong[] spoiled = [0, 1, 5, 7, 8, 9, 10, .. Enumerable.Range(100, 400).Select(i => (ulong)i), own.NrPages - 1];
        foreach (ulong page in spoiled)
            HandmadeDump.Spoil(victim.Pid, own.Vaddr + page * Page);
        var inParent = spoiled.Select(page => own.Vaddr + page * Page).Where(page => before[page].HasFlag(PageFlags.Parent))
            .ToHashSet();
        SpoilOwn(dump, spoiled.Select(page => own.Vaddr + page * Page).Where(page => !inParent.Contains(page)));
        var parent = HandmadeDump.Content(dump.Round);

        var result = await dump.Run();

        Assert.True(result.ExitCode == 0, result + dump.Log);
        Assert.Equal(inParent.Count, dump.Figures()["pages_mended"]);
        await dump.AssertProved();
        var after = Kinds(dump);
        Assert.Equal(before.Keys, after.Keys);
        Assert.All(after, page => Assert.Equal(
            inParent.Contains(page.Key) ? before[page.Key] & ~PageFlags.Parent | PageFlags.Present
                : before[page.Key], page.Value));
        Assert.Equal([ImageNames.Inventory, ImageNames.Pagemap(victim.Pid), ImageNames.Pages(2), ImageNames.Parent, "pstree.img"],
            Directory.GetFileSystemEntries(dump.Final).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (var name in new[] { ImageNames.Pagemap(victim.Pid), ImageNames.Pages(2) })
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(dump.Final, name)));
        AssertParentUnchanged(dump, parent);
        await AssertByPycriu(dump, after);
    }

    [Fact]
    public async Task Of_several_tasks_only_those_with_wrong_pages_are_written_anew()
    {
        await using var victim = await Victim.Start("processes", 7);
        using var dump = await HandmadeDump.Take(victim, s_layouts["the second half, lazily"]);
        var before = HandmadeDump.Content(dump.Final);
        foreach (int i in new[] { 2, 4 })
            HandmadeDump.Spoil(victim.Tree[i], HandmadeDump.Runs(dump.Final, victim.Tree[i])
                .Where(run => run.Flags.HasFlag(PageFlags.Parent)).MaxBy(run => run.NrPages).Vaddr);

        var result = await dump.Run();

        Assert.True(result.ExitCode == 0, result + dump.Log);
        await dump.AssertProved();
        Assert.Equal(2, dump.Figures()["pages_mended"]);
        var after = HandmadeDump.Content(dump.Final);
        var changed = before.Keys.Union(after.Keys).Where(name => before.GetValueOrDefault(name) != after.GetValueOrDefault(name))
            .Order(StringComparer.Ordinal);
        Assert.Equal(new[] { ImageNames.Pagemap(victim.Tree[2]), ImageNames.Pagemap(victim.Tree[4]), ImageNames.Pages(3),
            ImageNames.Pages(5), ImageNames.Pages(8), ImageNames.Pages(9) }
            .Order(StringComparer.Ordinal), changed);
    }

    [Fact]
    public async Task A_wrong_page_that_no_round_before_has_is_mended_too()
    {
        await using var victim = await Victim.Start("plain", 64);
        using var dump = await HandmadeDump.Take(victim);
        var runs = HandmadeDump.Runs(dump.Round, victim.Pid);
        var pages = Path.Combine(dump.Round, ImageNames.Pages(1));
        File.WriteAllBytes(Path.Combine(dump.Round, ImageNames.Pagemap(victim.Pid)), Bytes.Pagemap(1, [.. runs.SkipLast(1)]));
        File.WriteAllBytes(pages, File.ReadAllBytes(pages)[..^(int)(runs[^1].NrPages * Page)]);

        var result = await dump.Run();

        Assert.True(result.ExitCode == 0, result + dump.Log);
        Assert.Equal((long)runs[^1].NrPages, dump.Figures()["pages_mended"]);
        await dump.AssertProved();
    }

    [Fact]
    public async Task A_wrong_page_is_mended_in_a_chain_of_three_too()
    {
        await using var victim = await Victim.Start("plain", 64);
        using var dump = await HandmadeDump.Take(victim);
        var third = Path.Combine(dump.Home, "3");
        await Command.Must("/bin/cp", "-a", dump.Final, third);
        File.Delete(Path.Combine(third, ImageNames.Parent));
        File.CreateSymbolicLink(Path.Combine(third, ImageNames.Parent), "../2");
        HandmadeDump.Spoil(victim.Pid, dump.Largest(victim.Pid).Vaddr + 3 * Page);
        var before = HandmadeDump.Content(dump.Final);

        var result = await dump.Run(("CRTOOLS_IMAGE_DIR", third));

        Assert.True(result.ExitCode == 0, result + dump.Log);
        Assert.Equal(1, dump.Figures()["pages_mended"]);
        await Command.Must(await PreDumpTool.File(), "verify", third, "--tree", $"{victim.Pid}");
        Assert.True(File.Exists(Path.Combine(dump.Final, ImageNames.Child)));
        File.Delete(Path.Combine(dump.Final, ImageNames.Child));
        Assert.Equal(before, HandmadeDump.Content(dump.Final));
    }

    private static IEnumerable<PagemapEntry> Split(PagemapEntry run, ulong at, PageFlags first, PageFlags second) =>
        new[] { new PagemapEntry(run.Vaddr, at, first),
            new PagemapEntry(run.Vaddr + at * Page, run.NrPages - at, second) }.Where(part => part.NrPages > 0);

    private static Dictionary<ulong, PageFlags> Kinds(HandmadeDump dump) => HandmadeDump.Runs(dump.Final, dump.Victim.Pid)
        .SelectMany(run => Enumerable.Range(0, (int)run.NrPages).Select(i => (run.Vaddr + (ulong)i * Page, run.Flags)))
        .ToDictionary();

    // The final dump holds their present contents.
    private static void SpoilOwn(HandmadeDump dump, IEnumerable<ulong> pages)
    {
        var places = Kinds(dump).Where(page => page.Value.HasFlag(PageFlags.Present)).Select((page, i) => (page.Key, (long)i))
            .ToDictionary();
        using var memory = File.OpenRead($"/proc/{dump.Victim.Pid}/mem");
        using var file = File.OpenWrite(Path.Combine(dump.Final, ImageNames.Pages(1)));
        var bytes = new byte[Page];
        foreach (ulong page in pages)
        {
            memory.Seek((long)page, SeekOrigin.Begin);
            memory.ReadExactly(bytes);
            file.Seek(places[page] * (long)Page, SeekOrigin.Begin);
            file.Write(bytes);
        }
    }

    private static void AssertParentUnchanged(HandmadeDump dump, SortedDictionary<string, string> before)
    {
        var after = HandmadeDump.Content(dump.Round);
        Assert.True(after.Remove(ImageNames.Child));
        Assert.Equal(before, after);
    }

    // crit's own library reads the images, and the bytes in them are those of the memory.
    private static async Task AssertByPycriu(HandmadeDump dump, Dictionary<ulong, PageFlags> kinds)
    {
        await Requires.PageOracle();
        var folder = Path.Combine(dump.WorkDirectory, "for pycriu");
        Directory.CreateDirectory(folder);
        foreach (var name in new[] { ImageNames.Pagemap(dump.Victim.Pid), ImageNames.Pages(2) })
            File.Copy(Path.Combine(dump.Final, name), Path.Combine(folder, name));
        var task = (await Support.DecodedImages.Read(folder)).Tasks[dump.Victim.Pid];
        var places = task.Places();
        Assert.Equal(kinds.Where(page => page.Value.HasFlag(PageFlags.Present)).Select(page => page.Key), places.Keys);
        var bytes = File.ReadAllBytes(task.PagesFile);
        Assert.Equal(places.Count * (int)Page, bytes.Length);
        using var memory = File.OpenRead($"/proc/{dump.Victim.Pid}/mem");
        var live = new byte[Page];
        foreach (var (page, at) in places)
        {
            memory.Seek((long)page, SeekOrigin.Begin);
            memory.ReadExactly(live);
            Assert.True(bytes.AsSpan((int)at, (int)Page).SequenceEqual(live), $"page {page:x}");
        }
    }
}
