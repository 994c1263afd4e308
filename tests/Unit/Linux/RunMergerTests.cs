using CsCheck;
using PreDump.Core;
using PreDump.Images;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Linux;

/// <summary>Neighbours of the same kind become one run, compared with a model of single pages.</summary>
public sealed class RunMergerTests
{
    // Gaps before runs, their lengths, both in pages, and their kind.
    private static readonly Gen<(ulong Gap, ulong Pages, bool InParent)[]> s_parts =
        Gen.Select(Gen.ULong[0, 2], Gen.ULong[1, 4], Gen.Bool).Array[0, 50];

    [Fact]
    public void Runs_hold_the_same_pages_as_before_and_no_two_neighbours_are_of_one_kind() => s_parts.Sample(parts =>
    {
        var (single, merged) = (new List<PageRun>(), new List<PageRun>());
        foreach (var run in Lay(parts))
        {
            for (ulong page = 0; page < run.Pages; page++)
                single.Add(new PageRun(new MemoryRange(run.Range.Start + PageSize.BytesOf(page), PageSize.Step), run.InParent));
            RunMerger.Add(merged, run);
        }
        Assert.Equal(single, merged.SelectMany(run => Enumerable.Range(0, (int)run.Pages).Select(page =>
            new PageRun(new MemoryRange(run.Range.Start + PageSize.BytesOf((ulong)page), PageSize.Step), run.InParent))));
        for (int i = 1; i < merged.Count; i++)
            Assert.False(merged[i - 1].Range.End == merged[i].Range.Start && merged[i - 1].InParent == merged[i].InParent);
    });

    [Fact]
    public void A_full_span_takes_a_neighbour_and_nothing_else()
    {
        Span<MemoryRange> room = stackalloc MemoryRange[1];
        int count = 0;
        Assert.True(RunMerger.TryAdd(room, ref count, new MemoryRange(0, 10)));
        Assert.True(RunMerger.TryAdd(room, ref count, new MemoryRange(10, 5)));
        Assert.False(RunMerger.TryAdd(room, ref count, new MemoryRange(16, 1)));
        Assert.Equal([new MemoryRange(0, 15)], room[..count].ToArray());
    }

    [Fact]
    public void An_entry_grows_no_longer_than_criu_can_count()
    {
        var entries = new List<PagemapEntry>();
        var first = new PagemapEntry(0, PagemapEntry.MaxPages - 1, PageFlags.Parent);
        RunMerger.Add(entries, first);
        RunMerger.Add(entries, new PagemapEntry(first.Range(PageSize.Step).End, 2, PageFlags.Parent));
        Assert.Equal(2, entries.Count);
        RunMerger.Add(entries, new PagemapEntry(entries[1].Range(PageSize.Step).End, 3, PageFlags.Parent));
        Assert.Equal(5UL, entries[1].NrPages);
    }

    private static IEnumerable<PageRun> Lay((ulong Gap, ulong Pages, bool InParent)[] parts)
    {
        ulong at = PageSize.Step;
        foreach (var (gap, pages, inParent) in parts)
        {
            at += PageSize.BytesOf(gap);
            yield return new PageRun(new MemoryRange(at, PageSize.BytesOf(pages)), inParent);
            at += PageSize.BytesOf(pages);
        }
    }
}
