using PreDump.Core.History;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Core.History;

public sealed class MappedRangesTests
{
    private const ulong Page = 4096;

    [Fact]
    public void Ranges_next_to_each_other_are_one() =>
        Assert.Equal([new MemoryRange(0, 3 * Page), new MemoryRange(5 * Page, Page)], Of(8, (0, 1), (1, 2), (5, 1)).Ranges);

    [Fact]
    public void When_there_are_too_many_the_closest_become_one()
    {
        var ranges = Of(8, (0, 1), (100, 1), (103, 1), (200, 1), (202, 1));
        ranges.Coarsen(3);
        Assert.Equal([0, 100 * Page, 200 * Page], ranges.Ranges.Select(range => range.Start));
        Assert.Equal(203 * Page, ranges.Ranges[^1].End);
    }

    [Fact]
    public void Nothing_that_is_added_is_ever_left_out()
    {
        var random = new Random(18);
        var pages = new HashSet<ulong>();
        var all = new MappedRanges(16);
        for (int round = 0; round < 5; round++)
        {
            var some = new MappedRanges(16);
            ulong at = 0;
            for (int i = 0; i < 300; i++)
            {
                ulong count = (ulong)random.Next(1, 9);
                at += (ulong)random.Next(1, i % 10 == 0 ? 100_000 : 5);
                some.Append(new MemoryRange(at * Page, count * Page));
                for (ulong page = at; page < at + count; page++)
                    pages.Add(page);
                at += count;
            }
            all.Merge(some);
            Assert.InRange(all.Ranges.Count, 1, 16);
        }
        Assert.All(pages.Select(page => page * Page),
            page => Assert.Single(all.Ranges, range => range.Start <= page && range.End >= page + Page));
    }

    [Fact]
    public void Rows_cover_the_ranges_and_are_few()
    {
        var areas = Enumerable.Range(0, 50).Select(i => new MemoryRange((ulong)i * 1000 * Page, 300 * Page));
        var mapped = Of(4096, [.. Enumerable.Range(0, 900).Select(i => ((ulong)i * 1000, 900UL))]);
        ulong length = mapped.Ranges.Aggregate(0UL, (sum, range) => sum + range.Length);
        var rows = MapRows.Of(mapped, areas);
        Assert.InRange(rows.Count, 20, MapRows.Max);
        Assert.True(rows.Aggregate(0UL, (sum, row) => sum + row.Length) >= length);
        Assert.All(rows.Zip(rows.Skip(1)), pair => Assert.True(pair.First.End <= pair.Second.Start));
        Assert.Empty(MapRows.Of(new MappedRanges(8), areas));
    }

    private static MappedRanges Of(int most, params (ulong Page, ulong Count)[] runs)
    {
        var ranges = new MappedRanges(most);
        foreach (var (page, count) in runs)
            ranges.Append(new MemoryRange(page * Page, count * Page));
        return ranges;
    }
}
