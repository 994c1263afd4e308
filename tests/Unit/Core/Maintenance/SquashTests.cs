using PreDump.Core.Maintenance;
using PreDump.Images;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Core.Maintenance;

/// <summary>One directory without a parent, made of a chain.</summary>
public sealed class SquashTests : IDisposable
{
    private readonly HandmadeRounds _rounds = new();
    private readonly string _first, _second, _third;

    public SquashTests()
    {
        _first = _rounds.Round("1", uptimeMicroseconds: 1);
        _second = _rounds.Round("2", "../1", uptimeMicroseconds: 2);
        _third = _rounds.Round("3", "../2", uptimeMicroseconds: 3);
    }

    public void Dispose() => _rounds.Dispose();

    public static TheoryData<bool> Places => [true, false];

    [Theory]
    [MemberData(nameof(Places))]
    public void Pages_of_all_rounds_come_together_in_their_order(bool inPlace)
    {
        _rounds.Task(_first, 7, 1, (10, 40, PageFlags.Present));
        _rounds.Task(_second, 7, 2, (10, 5, PageFlags.Parent), (15, 5, PageFlags.Present), (20, 30, PageFlags.Parent),
            (60, 2, PageFlags.Present));
        _rounds.Task(_third, 7, 3, (12, 5, PageFlags.Present), (17, 10, PageFlags.Parent), (27, 2, PageFlags.Present),
            (40, 10, PageFlags.Parent), (60, 2, PageFlags.Parent), (70, 1, PageFlags.Present));
        var before = PagesOf(_third);

        var result = Run(inPlace);

        Assert.Equal((3, 1, 30UL, 22UL), (result.Rounds, result.Tasks, result.Pages, result.PagesFromParents));
        Assert.Equal(before, PagesOf(result.Directory));
        AssertSquashed(result.Directory, inPlace);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void A_page_that_may_be_restored_lazily_still_may(bool inPlace)
    {
        _rounds.Task(_second, 7, 2, (10, 9, PageFlags.Present));
        _rounds.Task(_third, 7, 3, (10, 2, PageFlags.Parent | PageFlags.Lazy), (12, 2, PageFlags.Present | PageFlags.Lazy),
            (14, 2, PageFlags.Parent), (16, 1, PageFlags.Lazy));
        var result = Run(inPlace);
        Assert.Equal(6UL, result.Pages);
        Assert.Equal(
            [(10UL, 4UL, PageFlags.Present | PageFlags.Lazy), (14UL, 2UL, PageFlags.Present), (16UL, 1UL, PageFlags.Lazy)],
            Entries(result.Directory, ImageNames.Pagemap(7)));
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void Only_tasks_of_the_last_round_are_in_it(bool inPlace)
    {
        _rounds.Task(_first, 7, 1, (10, 4, PageFlags.Present));
        _rounds.Task(_first, 8, 1, (10, 4, PageFlags.Present));
        _rounds.Task(_second, 7, 2, (10, 4, PageFlags.Parent));
        _rounds.Task(_second, 8, 2, (10, 4, PageFlags.Parent));
        _rounds.Task(_second, 9, 2, (10, 4, PageFlags.Present));
        _rounds.Task(_third, 7, 3, (10, 4, PageFlags.Parent));
        _rounds.Task(_third, 9, 3, (10, 2, PageFlags.Parent), (12, 2, PageFlags.Present));
        var result = Run(inPlace);
        Assert.Equal(["pagemap-7.img", "pagemap-9.img"],
            Opened.In(result.Directory, images => images.Names().Where(ImageNames.IsPagemap).ToList()));
        Assert.Equal(2, result.Tasks);
        AssertSquashed(result.Directory, inPlace);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void Shared_memory_is_squashed_as_well(bool inPlace)
    {
        _rounds.Task(_second, 7, 2, (10, 4, PageFlags.Present));
        var shared = _rounds.Task(_second, 99, 5, (0, 300, PageFlags.Present));
        _rounds.Task(_third, 7, 3, (10, 4, PageFlags.Parent));
        _rounds.Task(_third, 99, 6, (0, 3, PageFlags.Present), (3, 297, PageFlags.Parent));
        foreach (var round in new[] { _second, _third })
            File.Move(Path.Combine(round, ImageNames.Pagemap(99)), Path.Combine(round, ImageNames.PagemapShmem(4711)));
        Assert.NotEmpty(shared);

        var result = Run(inPlace);

        Assert.Equal((1, 304UL), (result.Tasks, result.Pages));
        Assert.Equal([(0UL, 300UL, PageFlags.Present)], Entries(result.Directory, ImageNames.PagemapShmem(4711)));
        var bytes = File.ReadAllBytes(PagesFileOf(result.Directory, ImageNames.PagemapShmem(4711)));
        Assert.All(bytes[..(3 * HandmadeRounds.PageBytes)], value => Assert.Equal(6, value));
        Assert.False(bytes.AsSpan(3 * HandmadeRounds.PageBytes).ContainsAnyExcept((byte)5));
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void Holes_stay_holes(bool inPlace)
    {
        const int Hole = 100, All = 300; // pages
        var old = _rounds.Task(_second, 7, 2, (0, All, PageFlags.Present));
        using (var file = Fd.Open(old, 2))
            file.PunchHole(PageSize.BytesOf(Hole), PageSize.BytesOf(Hole));
        _rounds.Task(_third, 7, 3, (0, All, PageFlags.Parent), (500, 1, PageFlags.Present));
        var result = Run(inPlace);
        var made = PagesFileOf(result.Directory, ImageNames.Pagemap(7));
        Assert.Equal(Enumerable.Range(0, Hole).Concat(Enumerable.Range(2 * Hole, Hole + 1)), HandmadeRounds.PagesLeft(made));
        Assert.InRange(AllocatedBytes(made), 1, (All - Hole + 9) * HandmadeRounds.PageBytes);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void What_dedup_has_freed_in_the_parents_is_not_missed(bool inPlace)
    {
        _rounds.Task(_first, 7, 1, (10, 40, PageFlags.Present));
        _rounds.Task(_second, 7, 2, (10, 20, PageFlags.Parent), (30, 20, PageFlags.Present));
        _rounds.Task(_third, 7, 3, (10, 10, PageFlags.Parent), (20, 20, PageFlags.Present), (40, 10, PageFlags.Parent));
        Opened.In(_second, Dedup.Run);
        Opened.In(_third, Dedup.Run);
        var result = Run(inPlace);
        Assert.Equal(Enumerable.Repeat((byte)1, 10).Concat(Enumerable.Repeat((byte)3, 20)).Concat(Enumerable.Repeat((byte)2, 10)),
            PagesOf(result.Directory).Values.Select(page => page[0]));
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void A_fragmented_chain_is_squashed_byte_for_byte(bool inPlace)
    {
        (ulong, ulong, PageFlags)[] all = [(0, 4000, PageFlags.Present)];
        _rounds.Task(_first, 7, 1, all);
        _rounds.Task(_second, 7, 2, [.. Alternating(4000, 7)]);
        _rounds.Task(_third, 7, 3, [.. Alternating(4000, 5)]);
        FillAtRandom(_first);
        FillAtRandom(_second);
        FillAtRandom(_third);
        var before = PagesOf(_third);
        var result = Run(inPlace);
        Assert.Equal(before, PagesOf(result.Directory));
        Assert.Equal([(0UL, 4000UL, PageFlags.Present)], Entries(result.Directory, ImageNames.Pagemap(7)));
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void All_else_of_a_final_dump_is_carried_over_and_what_rounds_leave_is_not(bool inPlace)
    {
        MakeSimpleChain();
        File.WriteAllText(Path.Combine(_third, "core-7.img"), "registers");
        File.WriteAllText(Path.Combine(_third, "dump.log"), "log");
        File.WriteAllText(Path.Combine(_third, ImageNames.NewChild), "of a round that was killed");
        var inventory = File.ReadAllBytes(Path.Combine(_third, ImageNames.Inventory));
        var result = Run(inPlace);
        Assert.Equal("registers", File.ReadAllText(Path.Combine(result.Directory, "core-7.img")));
        Assert.Equal(inventory, File.ReadAllBytes(Path.Combine(result.Directory, ImageNames.Inventory)));
        Assert.Equal(["core-7.img", "dump.log", "inventory.img", "pagemap-7.img", "pages-3.img"],
            Opened.In(result.Directory, images => images.Names()));
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void The_frame_ledger_is_kept_if_it_is_of_this_round(bool inPlace)
    {
        MakeSimpleChain();
        Ledgers.Write(_third, new FrameLedgerHead(3, Guid.NewGuid(), 0),
            ledger => Ledgers.Task(ledger, 7, 1, (PageSize.BytesOf(10), [1, 2, 3, 4])));
        var bytes = File.ReadAllBytes(Path.Combine(_third, ImageNames.Frames));
        var result = Run(inPlace);
        Assert.True(result.KeepsFrames);
        Assert.Equal(bytes, File.ReadAllBytes(Path.Combine(result.Directory, ImageNames.Frames)));
    }

    [Theory]
    [InlineData("of another round")]
    [InlineData("damaged")]
    [InlineData("writable by others")]
    public void A_frame_ledger_that_a_round_would_refuse_is_left_out(string how)
    {
        MakeSimpleChain();
        Ledgers.Write(_third, new FrameLedgerHead(how == "of another round" ? 2UL : 3, Guid.NewGuid(), 0),
            ledger => Ledgers.Task(ledger, 7, 1, (PageSize.BytesOf(10), [1, 2, 3, 4])));
        var path = Path.Combine(_third, ImageNames.Frames);
        if (how == "damaged")
            File.WriteAllBytes(path, File.ReadAllBytes(path)[..^8]);
        if (how == "writable by others")
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.OtherWrite);
        Assert.False(Run(inPlace: false).KeepsFrames);
        Assert.False(Run(inPlace: true).KeepsFrames);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Only_one_of_the_two_can_be_the_parent_of_the_next_round()
    {
        MakeSimpleChain();
        var result = Run(inPlace: false);
        Assert.Equal(result.Directory, Opened.In(_third, images => ChildMark.PathIn(images.Descriptor)));
        Assert.False(File.Exists(Path.Combine(result.Directory, ImageNames.Child)));
        Assert.Equal([_third, _second, _first], result.NoLongerNeeded);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void A_round_that_has_a_child_still_has_it(bool inPlace)
    {
        MakeSimpleChain();
        File.WriteAllText(Path.Combine(_third, ImageNames.Child), "/somewhere/4\n4\n");
        var result = Run(inPlace);
        Assert.Equal("/somewhere/4", Opened.In(result.Directory, images => ChildMark.PathIn(images.Descriptor)));
        Assert.Equal("/somewhere/4", Opened.In(_third, images => ChildMark.PathIn(images.Descriptor)));
    }

    [Fact]
    public void In_place_files_keep_their_mode_and_the_parents_stay_as_they_are()
    {
        MakeSimpleChain();
        const UnixFileMode GroupMayRead = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        File.SetUnixFileMode(Path.Combine(_third, "pages-3.img"), GroupMayRead);
        File.SetUnixFileMode(_third, GroupMayRead | UnixFileMode.UserExecute);
        var before = Directory.GetFiles(_second).ToDictionary(path => path, File.ReadAllBytes);
        Assert.Equal([_second, _first], Run(inPlace: true).NoLongerNeeded);
        Assert.Equal(GroupMayRead, File.GetUnixFileMode(Path.Combine(_third, "pages-3.img")));
        Assert.Equal(GroupMayRead | UnixFileMode.UserExecute, File.GetUnixFileMode(_third));
        Assert.Equal(before, Directory.GetFiles(_second).ToDictionary(path => path, File.ReadAllBytes));
    }

    [Fact]
    public void In_place_again_there_is_nothing_to_do_and_what_a_killed_one_has_left_is_removed()
    {
        MakeSimpleChain();
        Run(inPlace: true);
        var left = Directory.CreateDirectory(Path.Combine(_rounds.Path, ".3.predump-new"));
        File.WriteAllText(Path.Combine(left.FullName, "pages-1.img"), "half");
        var result = Run(inPlace: true);
        Assert.Equal((1, 0UL), (result.Rounds, result.Pages));
        Assert.False(left.Exists && Directory.Exists(left.FullName));
    }

    private SquashResult Run(bool inPlace)
    {
        var result = Opened.In(_third, images => Squash.Run(images,
            inPlace ? null : Path.Combine(_rounds.Path, "out"), new Observed(), CancellationToken.None));
        Assert.Equal(inPlace ? _third : Path.Combine(_rounds.Path, "out"), result.Directory);
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_rounds.Path), path => path.EndsWith(".predump-new"));
        return result;
    }

    private void MakeSimpleChain()
    {
        _rounds.Task(_first, 7, 1, (10, 4, PageFlags.Present));
        _rounds.Task(_second, 7, 2, (10, 4, PageFlags.Parent));
        _rounds.Task(_third, 7, 3, (10, 2, PageFlags.Parent), (12, 2, PageFlags.Present));
    }

    private void AssertSquashed(string directory, bool inPlace)
    {
        var problems = new List<ImageProblem>();
        var check = Opened.Check(directory, problems.Add);
        Assert.Empty(problems);
        Assert.Equal((1, 0UL), (check.Chain.Count, check.PagesInParent));
        if (!inPlace)
            Assert.True(File.Exists(Path.Combine(_third, ImageNames.Parent, ImageNames.Inventory)));
    }

    // The bytes of task 7 by page number, read through the chain.
    private static SortedDictionary<ulong, byte[]> PagesOf(string directory)
    {
        var found = new SortedDictionary<ulong, byte[]>();
        using var chain = ImageChain.Open(directory);
        using var pages = ChainedPages.TryOpen(chain, ImageNames.Pagemap(7), PageSize.Bytes)!;
        for (ulong page = 0; page < 5000; page++)
        {
            pages.Locate(PageSize.BytesOf(page), 1, out var source);
            if (source.Round is not { } round)
                continue;
            found[page] = new byte[PageSize.Bytes];
            round.Read(source.Offset, found[page]);
        }
        return found;
    }

    private static List<(ulong, ulong, PageFlags)> Entries(string directory, string pagemap) => Opened.In(directory, images =>
    {
        var entries = new List<(ulong, ulong, PageFlags)>();
        using var reader = PagemapReader.Open(images, pagemap, PageSize.Bytes);
        while (reader.TryRead(out var entry))
            entries.Add((PageSize.Pages(entry.Vaddr), entry.NrPages, entry.Flags));
        return entries;
    });

    private static string PagesFileOf(string directory, string pagemap) => Opened.In(directory, images =>
    {
        using var reader = PagemapReader.Open(images, pagemap, PageSize.Bytes);
        return Path.Combine(directory, ImageNames.Pages(reader.PagesId));
    });

    private static IEnumerable<(ulong, ulong, PageFlags)> Alternating(ulong pages, ulong step)
    {
        for (ulong page = 0; page < pages; page += step)
        {
            ulong count = Math.Min(step, pages - page);
            yield return (page, count, page / step % 3 == 0 ? PageFlags.Present : PageFlags.Parent);
        }
    }

    private static void FillAtRandom(string directory)
    {
        foreach (var pages in Directory.GetFiles(directory, "pages-*.img"))
        {
            var bytes = new byte[new FileInfo(pages).Length];
            Random.Shared.NextBytes(bytes);
            File.WriteAllBytes(pages, bytes);
        }
    }

    private static long AllocatedBytes(string path) =>
        512 * long.Parse(Command.Must("/usr/bin/stat", "-c", "%b", path).GetAwaiter().GetResult());
}
