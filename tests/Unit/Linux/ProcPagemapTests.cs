using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Linux;

/// <summary>Which pages pagemap entries show, on memory of our own.</summary>
public sealed class ProcPagemapTests
{
    [Fact]
    public void Reading_pagemap_entries_finds_pages_without_an_ioctl()
    {
        using var memory = new SparseMemory(pages: 100);
        memory.Write(7);
        memory.Write(8);
        memory.Write(99);
        Assert.Equal([memory.AddressOf(7), memory.AddressOf(8), memory.AddressOf(99)], memory.PagesFound(SparseMemory.ByEntries));
    }

    /// <summary>Otherwise a page that is reused after the probe would be skipped wherever it is mapped next.</summary>
    [Theory]
    [InlineData(Present | 0x3b34, Present | 0x3b34, 0x3b34)]
    [InlineData(Present | Others | 0x3b34, Present | 0x3b34, 0x3b34)]
    [InlineData(Present | 0x3b34, Present | 0x3b35, 0)]
    [InlineData(Present | 0x3b34, 0, 0)] // its entry could not be read
    [InlineData(0x3b34, 0x3b34, 0)]
    [InlineData(Present, Present, 0)] // frames are not visible
    public void Only_a_frame_that_two_pages_have_in_common_is_the_zero_page(ulong first, ulong second, ulong frame)
    {
        Assert.Equal(frame, ProcPagemapEntries.ZeroFrame(first, second));
        Assert.Equal(frame, ProcPagemapEntries.ZeroFrame(second, first));
    }

    private const ulong Present = 1UL << 63, Others = 1UL << 55 | 1UL << 56;
}
