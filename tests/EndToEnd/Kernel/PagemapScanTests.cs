using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.EndToEnd.Kernel;

/// <summary>The two ways to select pages, PAGEMAP_SCAN and reading pagemap entries, on memory of our own.</summary>
public sealed class PagemapScanTests
{
    public static bool HasScan => PagemapScan.Supports(PageCategory.Anonymous);

    [Fact(SkipUnless = nameof(HasScan), Skip = "this kernel has no PAGEMAP_SCAN (6.7 and later)")]
    public void The_ioctl_and_reading_entries_find_the_same_pages()
    {
        Requires.Root();
        // Every third page is written, the next is only read, the others are never touched.
        using var memory = new SparseMemory(pages: 4000);
        for (int page = 0; page < 3999; page += 3)
        {
            memory.Write(page);
            memory.Read(page + 1);
        }
        bool readIsContent = ZeroPage.Frame is null;
        var expected = Enumerable.Range(0, 3999).Where(page => page % 3 == 0 || (page % 3 == 1 && readIsContent))
            .Select(memory.AddressOf).ToList();
        Assert.Equal(expected, memory.PagesFound(SparseMemory.ByIoctl));
        Assert.Equal(expected, memory.PagesFound(SparseMemory.ByEntries));
    }
}
