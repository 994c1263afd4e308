using CsCheck;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Linux;

/// <summary>What a pagemap entry says about the location of its page (admin-guide/mm/pagemap.rst).</summary>
public sealed class PageFramesTests
{
    private const ulong Present = 1UL << 63, Swapped = 1UL << 62, SoftDirty = 1UL << 55, Exclusive = 1UL << 56, File = 1UL << 61;

    [Theory]
    [InlineData(0UL, PageFrames.None)]
    [InlineData(SoftDirty, PageFrames.None)]
    [InlineData(Present | 5, 5UL)]
    [InlineData(Present | SoftDirty | Exclusive | File | 5, 5UL)] // the same page, regardless of the other bits
    [InlineData(Swapped | 5, Swapped | 5)] // not a frame but a swap slot
    [InlineData(Present, PageFrames.Unknown)] // without the right to see frames it is 0
    [InlineData(Swapped | SoftDirty, PageFrames.Unknown)]
    public void A_kernels_pagemap_entry_tells_a_frame_a_slot_of_swap_or_nothing(ulong entry, ulong frame)
    {
        Assert.Equal(frame, PageFrames.Of(entry));
        Assert.Equal(frame is not PageFrames.None and not PageFrames.Unknown, PageFrames.IsKnown(frame));
    }

    [Fact]
    public void Many_pagemap_entries_tell_the_same_frames_as_each_by_itself() =>
        Gen.Select(Gen.ULong, Gen.Int[0, 3].Select(kind => new ulong[] { 0, Present, Swapped, Present | SoftDirty }[kind]),
            Gen.Bool).Array[0, 70].Sample(parts =>
        {
            var entries = parts.Select(part => (part.Item3 ? 0 : part.Item1 & ((1UL << 55) - 1)) | part.Item2).ToArray();
            var frames = new ulong[entries.Length];
            PageFrames.Of(entries, frames);
            Assert.Equal(entries.Select(PageFrames.Of), frames);
        });
}
