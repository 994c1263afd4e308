using CsCheck;
using PreDump.Core;
using PreDump.Core.Parents;
using PreDump.Core.Reading;
using PreDump.Images;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Core.Reading;

/// <summary>Which of the pages read are left to the parent, compared with a model of single pages; images are made by
/// hand.</summary>
public sealed class UnchangedPagesTests
{
    private const int Rounds = 3, Pages = 80; // more than are read at once
    private const int Pid = 7;
    private const int BatchBytes = 1024 * 1024, PagesAtOnce = 64;

    private static readonly ulong s_page = PageSize.Step;

    // For each page and round: 0 not listed, 1 present, 2 in the parent. A page has the bytes of round 1, 2 or 3, or others.
    private static readonly Gen<int[][]> s_rounds =
        Gen.Frequency((1, Gen.Const(0)), (3, Gen.Const(1)), (3, Gen.Const(2))).Array[Pages].Array[Rounds];

    private static readonly Gen<(bool Read, byte Fill)[]> s_live = Gen.Select(Gen.Bool, Gen.Byte[1, 4]).Array[Pages];

    [Fact]
    public void A_page_is_left_to_the_parent_if_the_chain_holds_its_bytes() =>
        Gen.Select(s_rounds, s_live, Gen.Int[1, BatchBytes]).Sample((rounds, live, batchBytes) =>
        {
            using var folder = new HandmadeRounds();
            using var chain = Chain(folder, rounds);
            using var parent = Open(chain);
            var unchanged = new UnchangedPages(batchBytes);
            // Half of the pages in one batch and half in the next, with the same object.
            foreach (var half in new[] { 0..(Pages / 2), (Pages / 2)..Pages })
            {
                var read = new Live(live, half);
                foreach (var run in Ranges(Enumerable.Range(half.Start.Value, Pages / 2))) // more is planned than could be read
                    unchanged.Plan(parent, run);
                int left = unchanged.TakeOut(read.Runs, read.Bytes);
                AssertRight(rounds, live, half, read, left);
                Assert.Equal(read.Runs.Where(run => run.InParent).Aggregate(0UL, (sum, run) => sum + run.Pages), unchanged.Count);
                unchanged.Clear();
                Assert.Equal(0UL, unchanged.Count);
            }
        }, iter: 300);

    [Fact]
    public void Pages_whose_comparison_was_not_planned_are_copied()
    {
        using var folder = new HandmadeRounds();
        using var chain = Chain(folder, [Kinds(1)]);
        using var parent = Open(chain);
        var read = new Live(Same(), 0..Pages);
        var unchanged = new UnchangedPages(BatchBytes);

        Assert.Equal(read.Bytes.Length, unchanged.TakeOut(read.Runs, read.Bytes));
        Assert.Single(read.Runs, run => !run.InParent);

        unchanged.Plan(parent, Range(3, 2));
        Assert.Equal((Pages - 2) * PageSize.Bytes, unchanged.TakeOut(read.Runs, read.Bytes));
        Assert.Equal([new(Range(0, 3), false), new(Range(3, 2), true), new(Range(5, Pages - 5), false)], read.Runs);
    }

    [Fact]
    public void A_page_of_which_one_byte_is_another_is_copied()
    {
        using var folder = new HandmadeRounds();
        using var chain = Chain(folder, [Kinds(1)]);
        using var parent = Open(chain);
        var read = new Live(Same(), 0..Pages);
        read.Bytes[PageSize.Bytes - 1] = 9;
        read.Bytes[5 * PageSize.Bytes] = 8;
        var unchanged = new UnchangedPages(BatchBytes);
        unchanged.Plan(parent, Range(0, Pages));

        Assert.Equal(2 * PageSize.Bytes, unchanged.TakeOut(read.Runs, read.Bytes));

        Assert.Equal([new(Range(0, 1), false), new(Range(1, 4), true), new(Range(5, 1), false), new(Range(6, Pages - 6), true)],
            read.Runs);
        Assert.Equal(9, read.Bytes[PageSize.Bytes - 1]);
        Assert.Equal(8, read.Bytes[PageSize.Bytes]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(70)]
    [InlineData(-1)] // no such file
    public void Pages_whose_parent_can_not_be_read_are_copied(int pagesThere)
    {
        using var folder = new HandmadeRounds();
        using var chain = Chain(folder, [Kinds(1)]);
        var file = Directory.GetFiles(chain[0].Path, "pages-*").Single();
        if (pagesThere < 0)
            File.Delete(file);
        else
            using (var pages = File.OpenWrite(file))
                pages.SetLength(pagesThere * PageSize.Bytes);
        using var parent = Open(chain);
        var read = new Live(Same(), 0..Pages);
        var unchanged = new UnchangedPages(BatchBytes);
        unchanged.Plan(parent, Range(0, Pages));

        int left = unchanged.TakeOut(read.Runs, read.Bytes);

        int whole = Math.Max(pagesThere, 0) / PagesAtOnce * PagesAtOnce;
        Assert.Equal((Pages - whole) * PageSize.Bytes, left);
        Assert.Equal((ulong)whole, unchanged.Count);
        Assert.Equal((ulong)Pages, read.Runs.Aggregate(0UL, (sum, run) => sum + run.Pages));

        Assert.Equal((ulong)Pages * s_page, parent.Locate(Range(Pages, Pages), suspect: false, out var place)); // and no more
        Assert.Null(place.Round);
    }

    [Fact]
    public void Pages_whose_parent_has_a_damaged_pagemap_are_copied()
    {
        using var folder = new HandmadeRounds();
        using var chain = Chain(folder, [Kinds(2), Kinds(1)]);
        var file = Path.Combine(chain[1].Path, ImageNames.Pagemap(Pid));
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^1]);
        using var parent = Open(chain);
        Assert.Equal(s_page, parent.Locate(Range(0, 1), suspect: false, out var place));
        Assert.Null(place.Round);
    }

    [Fact]
    public void A_task_that_the_parent_does_not_have_is_copied()
    {
        using var parent = new ParentPages("7", () => null, new Payoff(), Observed.Nothing);
        Assert.Equal(5 * s_page, parent.Locate(Range(0, 5), suspect: false, out var place));
        Assert.Null(place.Round);
    }

    [Fact]
    public void Comparing_pauses_where_nothing_is_the_same()
    {
        using var folder = new HandmadeRounds();
        using var chain = Chain(folder, [Kinds(1)]);
        using var parent = Open(chain);
        parent.Note(4 * 1024 * 1024, 0);
        Assert.Equal(s_page, parent.Locate(Range(0, 1), suspect: false, out var place));
        Assert.Null(place.Round);
        for (int i = 0; i < 4; i++)
            parent.Locate(new MemoryRange(s_page, 4 * 1024 * 1024), suspect: false, out _);
        parent.Locate(Range(1, 1), suspect: false, out place);
        Assert.NotNull(place.Round);
    }

    [Fact]
    public void A_page_that_only_a_far_round_has_is_not_compared()
    {
        using var folder = new HandmadeRounds();
        string directory = folder.Round("0");
        folder.Task(directory, Pid, 1, (0, 2, PageFlags.Present));
        for (int round = 1; round < 40; round++)
        {
            directory = folder.Round($"{round}", $"../{round - 1}");
            folder.Task(directory, Pid, 1, (0, 1, PageFlags.Parent), (1, 1, PageFlags.Present));
        }
        using var images = ImageDirectory.Open(directory);
        using var index = new LocalParentIndex(images);
        using var pages = index.OpenPages(ImageNames.Pagemap(Pid))!;
        Assert.Equal(1UL, pages.Locate(0, 2, out var place));
        Assert.Null(place.Round);
        Assert.Equal(1UL, pages.Locate(s_page, 1, out place));
        Assert.NotNull(place.Round);
    }

    [Fact]
    public void Several_threads_compare_with_one_parent_at_a_time()
    {
        using var folder = new HandmadeRounds();
        using var chain = Chain(folder, [Kinds(2), Kinds(1)]);
        for (int again = 0; again < 50; again++)
        {
            using var parent = Open(chain);
            parent.Locate(Range(0, Pages), suspect: false, out var place);
            Parallel.For(0, 8, _ =>
            {
                var bytes = new byte[PageSize.Bytes];
                Assert.True(parent.TryRead(place, bytes));
                Assert.Equal(2, bytes[0]);
            });
        }
    }

    private static ParentPages Open(ImageChain chain) =>
        new("7", () => ChainedPages.TryOpen(chain, ImageNames.Pagemap(Pid), PageSize.Bytes), new Payoff(), Observed.Nothing);

    // The last round first; the pages of round i consist of the byte i + 1.
    private static ImageChain Chain(HandmadeRounds folder, int[][] rounds)
    {
        for (int round = 0; round < rounds.Length; round++)
        {
            var directory = folder.Round($"{round}", round + 1 < rounds.Length ? $"../{round + 1}" : null);
            folder.Task(directory, Pid, (byte)(round + 1), [.. new[] { PageFlags.Present, PageFlags.Parent }
                .SelectMany((flags, kind) => Ranges(Enumerable.Range(0, Pages).Where(page => rounds[round][page] == kind + 1))
                    .Select(range => (range.Start / s_page, PageSize.Pages(range.Length), flags))).OrderBy(run => run.Item1)]);
        }
        return ImageChain.Open(Path.Combine(folder.Path, "0"));
    }

    private static void AssertRight(int[][] rounds, (bool Read, byte Fill)[] live, Range half, Live read, int left)
    {
        var copied = new List<byte>();
        var seen = new List<int>();
        foreach (var run in read.Runs)
            for (ulong page = run.Range.Start / s_page; page < run.Range.End / s_page; page++)
            {
                seen.Add((int)page);
                Assert.Equal(live[page].Fill == Held(rounds, (int)page), run.InParent);
                if (!run.InParent)
                    copied.AddRange(Enumerable.Repeat(live[page].Fill, PageSize.Bytes));
            }
        Assert.Equal(Enumerable.Range(half.Start.Value, half.End.Value - half.Start.Value).Where(page => live[page].Read), seen);
        Assert.Equal(copied, read.Bytes[..left]);
        for (int i = 1; i < read.Runs.Count; i++)
            Assert.False(read.Runs[i].InParent == read.Runs[i - 1].InParent
                && read.Runs[i].Range.Start == read.Runs[i - 1].Range.End);
    }

    // The contents of the chain's pages; 0 if it has none.
    private static byte Held(int[][] rounds, int page)
    {
        int round = Array.FindIndex(rounds, kinds => kinds[page] != 2);
        return round >= 0 && rounds[round][page] == 1 ? (byte)(round + 1) : (byte)0;
    }

    private static int[] Kinds(int kind) => [.. Enumerable.Repeat(kind, Pages)];

    private static (bool, byte)[] Same() => [.. Enumerable.Repeat((true, (byte)1), Pages)];

    private static MemoryRange Range(int page, int count) => new((ulong)page * s_page, (ulong)count * s_page);

    private static IEnumerable<MemoryRange> Ranges(IEnumerable<int> pages)
    {
        MemoryRange range = default;
        foreach (int page in pages)
        {
            if (range.Length > 0 && range.End == (ulong)page * s_page)
            {
                range = range with { Length = range.Length + s_page };
                continue;
            }
            if (range.Length > 0)
                yield return range;
            range = Range(page, 1);
        }
        if (range.Length > 0)
            yield return range;
    }

    /// <summary>The memory that was read from the task.</summary>
    private sealed class Live
    {
        public Live((bool Read, byte Fill)[] pages, Range part)
        {
            var there = Enumerable.Range(part.Start.Value, part.End.Value - part.Start.Value)
                .Where(page => pages[page].Read).ToList();
            Runs = [.. Ranges(there).Select(range => new PageRun(range, false))];
            Bytes = [.. there.SelectMany(page => Enumerable.Repeat(pages[page].Fill, PageSize.Bytes))];
        }

        public List<PageRun> Runs { get; }

        public byte[] Bytes { get; }
    }
}
