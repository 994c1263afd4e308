using CsCheck;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.Unit.Images;

public class ParentCoverageTests
{
    private const ulong Page = Generate.PageSize;

    [Fact]
    public void A_parents_answers_are_those_of_a_set_of_pages()
        => Gen.Select(
            Generate.Entries(maxGap: 4, maxPages: 6),
            Gen.Select(Gen.ULong[0, 12], Gen.ULong[1, 30]).Array[0, 40]).Sample((entries, questions) =>
        {
            HashSet<ulong> covered = [.. entries.Where(e => e.Flags != PageFlags.Lazy).SelectMany(Pages)];
            using ParentCoverage parent = Over(entries);
            ulong page = 0;
            foreach ((ulong step, ulong count) in questions)
            {
                page += step;
                bool expected = covered.Contains(page);
                ulong run = 1;
                while (run < count && covered.Contains(page + run) == expected)
                    run++;

                Assert.Equal(run, parent.Covered(page * Page, count, out bool inParent));
                Assert.Equal(expected, inParent);
            }
        });

    [Fact]
    public void A_run_asked_for_answer_by_answer_is_covered_whole()
        => Generate.Entries(maxGap: 4, maxPages: 6).Sample(entries =>
        {
            const ulong Total = 500;
            using ParentCoverage parent = Over(entries);
            ulong coveredPages = 0;
            for (ulong page = 0; page < Total;)
            {
                ulong run = parent.Covered(page * Page, Total - page, out bool inParent);
                coveredPages += inParent ? run : 0;
                page += run;
            }
            ulong expected = (ulong)entries.Where(e => e.Flags != PageFlags.Lazy).SelectMany(Pages).Count(p => p < Total);
            Assert.Equal(expected, coveredPages);
        });

    [Fact]
    public void An_empty_parent_covers_nothing()
    {
        using ParentCoverage parent = Over();

        Assert.Equal(ulong.MaxValue / Page, parent.Covered(0, ulong.MaxValue / Page, out bool inParent));
        Assert.False(inParent);
    }

    [Fact]
    public void Questions_to_a_parent_must_ascend_and_ask_for_something()
    {
        using ParentCoverage parent = Over(new PagemapEntry(0, 4, PageFlags.Present));
        parent.Covered(2 * Page, 1, out _);

        Assert.Throws<ArgumentOutOfRangeException>(() => parent.Covered(Page, 1, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => parent.Covered(2 * Page + 1, 1, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => parent.Covered(2 * Page, 0, out _));
        Assert.Equal(2UL, parent.Covered(2 * Page, 9, out _));
    }

    private static IEnumerable<ulong> Pages(PagemapEntry entry)
    {
        for (ulong i = 0; i < entry.NrPages; i++)
            yield return entry.Vaddr / Page + i;
    }

    private static ParentCoverage Over(params ReadOnlySpan<PagemapEntry> entries)
        => new(new PagemapReader(new MemoryStream(Bytes.Pagemap(1, entries)), "pagemap-1.img", Bytes.PageSize), Bytes.PageSize);
}
