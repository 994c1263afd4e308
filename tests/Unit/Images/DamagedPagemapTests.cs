using CsCheck;
using PreDump.Images;
using PreDump.Images.Schema;
using Xunit;

namespace PreDump.Tests.Unit.Images;

public class DamagedPagemapTests
{
    private static readonly byte[] s_good = Bytes.Pagemap(1,
        new PagemapEntry(0x400000, 3, PageFlags.Present),
        new PagemapEntry(0x403000, 1, PageFlags.Parent),
        new PagemapEntry(0x7fff_0000_0000, 300, PageFlags.Present));

    [Theory]
    [InlineData(0, "magic 0x545643e6 instead of 0x54564319 at offset 0")]
    [InlineData(4, "magic 0x560840da instead of 0x56084025 at offset 4")]
    public void Each_magic_of_a_pagemap_is_checked(int at, string problem)
    {
        byte[] image = [.. s_good];
        image[at] ^= 0xff;

        Refused(image, problem);
    }

    [Fact]
    public void A_pagemap_cut_short_anywhere_is_refused_or_ends_between_two_entries()
    {
        int[] ends = Ends();
        for (int length = 0; length < s_good.Length; length++)
        {
            byte[] image = s_good[..length];
            int entries = Array.IndexOf(ends, length);
            if (entries >= 0)
                Assert.Equal(entries, Bytes.ReadPagemap(image).Length);
            else
                Assert.Throws<ImageException>(() => Bytes.ReadPagemap(image));
        }
    }

    [Fact]
    public void A_record_of_4_GiB_is_refused_before_it_is_allocated()
    {
        byte[] image = [.. Bytes.RawPagemap(), .. Bytes.UInt32(uint.MaxValue), 1, 2, 3];

        long before = GC.GetAllocatedBytesForCurrentThread();
        Refused(image, "pagemap-1.img: record of 4294967295 bytes at offset 14: not a CRIU pagemap, or damaged");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1024 * 1024);
    }

    [Fact]
    public void The_head_of_a_pagemap_must_be_there_and_name_the_pages()
    {
        byte[] magics = [.. Bytes.UInt32(Magic.Common), .. Bytes.UInt32(Magic.Pagemap)];

        Refused(magics, "ends before its head");
        Refused([.. magics, .. Bytes.UInt32(0)], "head without pages_id");
    }

    public static TheoryData<string, pagemap_entry[]> BadEntries => new()
    {
        { "without vaddr", [new() { CompatNrPages = 1, NrPages = 1, Flags = 4 }] },
        { "without vaddr or nr_pages", [new() { Vaddr = 0x1000, NrPages = 1, Flags = 4 }] },
        { "no pages", [new() { Vaddr = 0x1000, CompatNrPages = 0 }] },
        { "no pages", [new() { Vaddr = 0x1000, CompatNrPages = 1, NrPages = 0 }] },
        { "unknown flags 0xc", [new() { Vaddr = 0x1000, CompatNrPages = 1, Flags = 12 }] },
        { "beyond user space", [new() { Vaddr = 0xffff_8880_0000_0000, CompatNrPages = 1 }] },
        { "beyond user space", [new() { Vaddr = 0x7fff_ffff_ffff_f000, CompatNrPages = 2 }] },
        { "without flags", [new() { Vaddr = 0x1000, CompatNrPages = 1, Flags = 0 }] },
        { "here and in the parent", [new() { Vaddr = 0x1000, CompatNrPages = 1, Flags = 5 }] },
        { "here and in the parent", [new() { Vaddr = 0x1000, CompatNrPages = 1, Flags = 4, InParent = true }] },
        { "inside a page", [new() { Vaddr = 0x1001, CompatNrPages = 1 }] },
        { "beyond user space", [new() { Vaddr = 0x1000, CompatNrPages = 0, NrPages = ulong.MaxValue }] },
        { "beyond user space", [new() { Vaddr = 0xffff_ffff_ffff_f000, CompatNrPages = 1 }] },
        { "before the end", [new() { Vaddr = 0x1000, CompatNrPages = 2 }, new() { Vaddr = 0x2000, CompatNrPages = 1 }] },
        { "before the end", [new() { Vaddr = 0x2000, CompatNrPages = 1 }, new() { Vaddr = 0x1000, CompatNrPages = 1 }] },
        { "before the end", [new() { Vaddr = 0x2000, CompatNrPages = 1 }, new() { Vaddr = 0x2000, CompatNrPages = 1 }] },
    };

    [Theory]
    [MemberData(nameof(BadEntries))]
    public void Pagemap_entries_that_break_the_format_are_refused(string problem, pagemap_entry[] entries)
        => Refused(Bytes.RawPagemap(entries), problem);

    [Fact]
    public void Pagemap_entries_that_are_no_protobuf_are_refused()
        => Refused([.. Bytes.RawPagemap(), .. Bytes.UInt32(3), 0xff, 0xff, 0xff], "not valid protobuf");

    [Fact]
    public void Whatever_the_bytes_of_a_pagemap_are_its_entries_are_sound_or_refused()
        => Gen.Select(Gen.Int[0, s_good.Length - 1], Gen.Byte).Array[1, 4].Sample(changes =>
        {
            byte[] image = [.. s_good];
            foreach ((int at, byte value) in changes)
                image[at] = value;
            AssertSoundOrRefused(image);
        }, iter: 20_000);

    [Fact]
    public void Whatever_the_records_of_a_pagemap_are_they_are_sound_or_refused()
        => Gen.Byte.Array[0, 200].Sample(
            bytes => AssertSoundOrRefused([.. Bytes.RawPagemap(), .. Bytes.UInt32((uint)bytes.Length), .. bytes]), iter: 20_000);

    // The offsets at which 0, 1, 2 … entries end.
    private static int[] Ends()
    {
        PagemapEntry[] entries = Bytes.ReadPagemap(s_good);
        return [.. Enumerable.Range(0, entries.Length + 1).Select(n => Bytes.Pagemap(1, entries.AsSpan(0, n)).Length)];
    }

    private static void Refused(byte[] image, string problem)
    {
        var e = Assert.Throws<ImageException>(() => Bytes.ReadPagemap(image));
        Assert.StartsWith("pagemap-1.img: ", e.Message);
        Assert.Contains(problem, e.Message);
    }

    private static void AssertSoundOrRefused(byte[] image)
    {
        try
        {
            ulong end = 0;
            foreach (PagemapEntry entry in Bytes.ReadPagemap(image))
            {
                Assert.True(entry.Vaddr >= end && entry.Vaddr % 4096 == 0 && entry.NrPages > 0);
                end = checked(entry.Vaddr + entry.NrPages * 4096);
            }
        }
        catch (ImageException)
        {
            // As expected.
        }
    }
}
