using PreDump.Linux;
using PreDump.Tests.Support;
using Xunit;

namespace PreDump.Tests.Linux;

/// <summary>The two ways to choose pages, by PAGEMAP_SCAN and by reading entries, on memory of our own.</summary>
public sealed class ProcPagemapTests
{
    public static bool HasScan => PagemapScan.Finds(PageCategory.Anonymous);

    [Fact(SkipUnless = nameof(HasScan), Skip = "this kernel has no PAGEMAP_SCAN (6.7 and later)")]
    public void Both_find_the_same_pages()
    {
        Requires.Root();
        // Every third page written, each that follows only read, the rest never touched.
        using var memory = new SparseMemory(pages: 4000);
        for (int page = 0; page < 3999; page += 3)
        {
            memory.Write(page);
            memory.Read(page + 1);
        }
        bool readIsContent = ZeroPage.Frame is null;
        var expected = Enumerable.Range(0, 3999).Where(page => page % 3 == 0 || (page % 3 == 1 && readIsContent)).Select(memory.AddressOf).ToList();
        Assert.Equal(expected, Pages(memory, ByIoctl));
        Assert.Equal(expected, Pages(memory, ByEntries));
    }

    [Fact]
    public void Reading_entries_needs_no_ioctl()
    {
        using var memory = new SparseMemory(pages: 100);
        memory.Write(7);
        memory.Write(8);
        memory.Write(99);
        Assert.Equal([memory.AddressOf(7), memory.AddressOf(8), memory.AddressOf(99)], Pages(memory, ByEntries));
    }

    /// <summary>Else whoever gets a page that was given back after the probe would have it left out.</summary>
    [Theory]
    [InlineData(Present | 0x3b34, Present | 0x3b34, 0x3b34)]
    [InlineData(Present | Others | 0x3b34, Present | 0x3b34, 0x3b34)]
    [InlineData(Present | 0x3b34, Present | 0x3b35, 0)]
    [InlineData(Present | 0x3b34, 0, 0)] // its entry could not be read
    [InlineData(0x3b34, 0x3b34, 0)]
    [InlineData(Present, Present, 0)] // frames are not to be seen
    public void Only_a_frame_that_two_pages_have_in_common_is_the_zero_page(ulong first, ulong second, ulong frame)
    {
        Assert.Equal(frame, ProcPagemapEntries.ZeroFrame(first, second));
        Assert.Equal(frame, ProcPagemapEntries.ZeroFrame(second, first));
    }

    private const ulong Present = 1UL << 63, Others = 1UL << 55 | 1UL << 56;

    private delegate int Scan(ref ulong at, ulong end, Span<MemoryRange> found);

    private static int ByIoctl(ref ulong at, ulong end, Span<MemoryRange> found)
    {
        using var pagemap = ProcPagemap.Open(Environment.ProcessId);
        return pagemap.Scan(ref at, end, PageCategory.Anonymous, anonymous: true, found);
    }

    private static int ByEntries(ref ulong at, ulong end, Span<MemoryRange> found)
    {
        using var fd = Fd.Open("/proc/self/pagemap", 0);
        return ProcPagemapEntries.Scan(fd, ref at, end, PageCategory.Anonymous, anonymous: true, found);
    }

    private static List<ulong> Pages(SparseMemory memory, Scan scan)
    {
        var pages = new List<ulong>();
        Span<MemoryRange> found = stackalloc MemoryRange[5];
        for (ulong at = memory.Start; at < memory.End;)
        {
            int count = scan(ref at, memory.End, found);
            foreach (var range in found[..count])
                for (ulong page = range.Start; page < range.End; page += PageSize.Ulong)
                    pages.Add(page);
        }
        return pages;
    }
}
