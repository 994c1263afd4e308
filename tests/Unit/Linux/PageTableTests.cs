using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Linux;

public sealed class PageTableTests
{
    [Theory]
    [InlineData(4 * 1024, 512, 2UL << 20)]
    [InlineData(16 * 1024, 2048, 32UL << 20)]
    [InlineData(64 * 1024, 8192, 512UL << 20)]
    public void A_page_table_maps_as_many_pages_as_it_has_entries(int pageBytes, int pages, ulong bytes)
    {
        Assert.Equal(pages, PageTable.PagesWith(pageBytes));
        Assert.Equal(bytes, PageTable.BytesWith(pageBytes));
    }
}
