using PreDump.Images;
using Xunit;

namespace PreDump.Tests.Unit.Images;

public class PagemapEncoderTests
{
    private readonly PagemapEncoder _encoder = new();
    private readonly byte[] _buffer = new byte[64];

    [Fact]
    public void The_head_of_a_pagemap_is_as_CRIU_writes_it()
    {
        int length = _encoder.WriteHead(_buffer, pagesId: 1);

        Assert.Equal(Bytes.Hex("19435654 25400856 02000000 0801"), _buffer[..length]);
    }

    [Fact]
    public void A_pagemap_entry_has_the_count_for_old_and_new_CRIU()
    {
        int length = _encoder.WriteEntry(_buffer, new PagemapEntry(0x400000, 3, PageFlags.Present));

        // Field 1 vaddr, field 2 the old count, field 4 flags, field 5 the new count.
        Assert.Equal(Bytes.Hex("0b000000 08 80808002 1003 2004 2803"), _buffer[..length]);
    }

    [Fact]
    public void The_largest_records_of_a_pagemap_fill_the_stated_sizes_exactly()
    {
        var longest = new PagemapEntry(ulong.MaxValue, uint.MaxValue, (PageFlags)uint.MaxValue);

        Assert.Equal(PagemapEncoder.MaxHeadBytes, _encoder.WriteHead(new byte[PagemapEncoder.MaxHeadBytes], uint.MaxValue));
        Assert.Equal(PagemapEncoder.MaxEntryBytes, _encoder.WriteEntry(new byte[PagemapEncoder.MaxEntryBytes], longest));
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL << 32)]
    [InlineData(ulong.MaxValue)]
    public void A_count_of_pages_that_old_CRIU_cannot_hold_is_refused(ulong pages)
        => Assert.Throws<ArgumentOutOfRangeException>(
            () => _encoder.WriteEntry(_buffer, new PagemapEntry(0, pages, PageFlags.Present)));

    [Fact]
    public void Writing_pagemap_entries_makes_no_garbage()
    {
        var entry = new PagemapEntry(0x7f00_0000_0000, 1000, PageFlags.Present);
        _encoder.WriteEntry(_buffer, entry);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            _encoder.WriteEntry(_buffer, entry with { NrPages = (ulong)i + 1 });

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
