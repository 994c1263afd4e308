using CsCheck;
using PreDump.Core;
using PreDump.Core.Select;
using PreDump.Images;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Core.Select;

/// <summary>Which pages are copied and which are left to the parent, compared with a model of single pages.</summary>
public sealed class PageFateTests
{
    private const int Pages = 300;

    private static readonly Gen<bool[]> s_pages = Gen.Frequency((1, Gen.Const(true)), (2, Gen.Const(false))).Array[Pages];

    [Fact]
    public void A_page_is_left_to_the_parent_if_it_is_clean_and_the_parent_has_it()
    {
        Gen.Select(s_pages, s_pages, s_pages).Sample((present, dirty, inParent) =>
        {
            using var parent = Parent(inParent);
            var fate = new PageFate(Ranges(dirty).ToArray(), parent);
            var left = new bool[Pages];
            var copied = new bool[Pages];
            foreach (var range in Ranges(present))
                for (var part = range; part.Length > 0;)
                {
                    var run = fate.Next(ref part);
                    Array.Fill(run.InParent ? left : copied, true, PageOf(run.Range.Start), (int)run.Pages);
                }
            for (int page = 0; page < Pages; page++)
            {
                Assert.Equal(present[page] && !dirty[page] && inParent[page], left[page]);
                Assert.Equal(present[page] && (dirty[page] || !inParent[page]), copied[page]);
            }
        });
    }

    [Fact]
    public void Without_a_parent_everything_is_copied_in_one_run()
    {
        var fate = new PageFate(default, null);
        var part = new MemoryRange(0x1000, 0x100000);
        Assert.Equal(new PageRun(new MemoryRange(0x1000, 0x100000), false), fate.Next(ref part));
        Assert.Equal(0UL, part.Length);
    }

    private static int PageOf(ulong address) => (int)(address / PageSize.Step);

    private static List<MemoryRange> Ranges(bool[] pages)
    {
        var ranges = new List<MemoryRange>();
        ulong size = PageSize.Step;
        for (int page = 0; page < pages.Length; page++)
            if (pages[page])
            {
                int start = page;
                while (page < pages.Length && pages[page])
                    page++;
                ranges.Add(new MemoryRange((ulong)start * size, (ulong)(page - start) * size));
            }
        return ranges;
    }

    private static ParentCoverage Parent(bool[] pages)
    {
        var image = new byte[64 * 1024];
        var encoder = new PagemapEncoder();
        int length = encoder.WriteHead(image, 1);
        foreach (var range in Ranges(pages))
            length += encoder.WriteEntry(image.AsSpan(length),
                new PagemapEntry(range.Start, PageSize.Pages(range.Length), PageFlags.Present));
        return new ParentCoverage(new PagemapReader(new MemoryStream(image, 0, length), "parent", PageSize.Bytes),
            PageSize.Bytes);
    }
}
