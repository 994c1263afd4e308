using CsCheck;
using PreDump.Images;
using PreDump.Images.Schema;
using Xunit;

namespace PreDump.Tests.Unit.Images;

public class PagemapReaderTests
{
    [Fact]
    public void A_pagemap_is_read_as_the_encoder_wrote_it()
        => Gen.Select(Gen.UInt, Generate.Entries(maxGap: 1UL << 40, maxPages: uint.MaxValue)).Sample((pagesId, entries) =>
        {
            byte[] image = Bytes.Pagemap(pagesId, entries);

            using var reader = new PagemapReader(new MemoryStream(image), "pagemap-1.img", Bytes.PageSize);
            Assert.Equal(pagesId, reader.PagesId);
            Assert.Equal(entries, Bytes.ReadPagemap(image));
        });

    [Fact]
    public void Pagemap_entries_of_CRIU_4_2_count_in_field_5_only()
    {
        byte[] image = Bytes.Hex("19435654 25400856 02000000 0801 0b000000 08 80808002 1000 2004 2801");

        Assert.Equal([new PagemapEntry(0x400000, 1, PageFlags.Present)], Bytes.ReadPagemap(image));
    }

    [Fact]
    public void Old_pagemap_entries_have_one_count_and_in_parent_or_nothing_for_flags()
    {
        byte[] image = Bytes.RawPagemap(
            new pagemap_entry { Vaddr = 0x1000, CompatNrPages = 1 },
            new pagemap_entry { Vaddr = 0x2000, CompatNrPages = 2, InParent = true },
            new pagemap_entry { Vaddr = 0x4000, CompatNrPages = 3, InParent = false },
            new pagemap_entry { Vaddr = 0x7000, CompatNrPages = 4, Flags = 6 });

        Assert.Equal(
            [
                new PagemapEntry(0x1000, 1, PageFlags.Present),
                new PagemapEntry(0x2000, 2, PageFlags.Parent),
                new PagemapEntry(0x4000, 3, PageFlags.Present),
                new PagemapEntry(0x7000, 4, PageFlags.Present | PageFlags.Lazy),
            ],
            Bytes.ReadPagemap(image));
    }

    [Fact]
    public void New_fields_of_a_pagemap_entry_count_more_than_old_ones()
    {
        byte[] image = Bytes.RawPagemap(
            new pagemap_entry { Vaddr = 0, CompatNrPages = 7, NrPages = 1UL << 33, InParent = false, Flags = 4 });

        Assert.Equal([new PagemapEntry(0, 1UL << 33, PageFlags.Present)], Bytes.ReadPagemap(image));
    }

    [Fact]
    public void Fields_of_later_versions_of_a_pagemap_are_passed_over()
    {
        byte[] image = [.. Bytes.RawPagemap(), .. Bytes.Hex("0c000000 0800 1001 2004 b206 03616263")];

        Assert.Equal([new PagemapEntry(0, 1, PageFlags.Present)], Bytes.ReadPagemap(image));
    }

    [Fact]
    public void A_pagemap_is_read_from_its_path()
    {
        using var directory = new Scratch();
        string path = directory.Write("pagemap-7.img", Bytes.Pagemap(9, new PagemapEntry(0, 1, PageFlags.Present)));

        using PagemapReader reader = Opened.Image(path, (images, name) => PagemapReader.Open(images, name, Bytes.PageSize));

        Assert.Equal(9u, reader.PagesId);
        Assert.True(reader.TryRead(out _));
        Assert.False(reader.TryRead(out _));
    }

    [Fact]
    public void A_pagemap_that_is_missing_is_named()
    {
        using var directory = new Scratch();
        string path = directory["pagemap-7.img"];

        var e = Assert.Throws<ImageException>(() =>
            Opened.Image(path, (images, name) => PagemapReader.Open(images, name, Bytes.PageSize)));

        Assert.Equal($"{path}: no such file", e.Message);
    }

    [Fact]
    public void A_directory_is_no_pagemap()
    {
        var e = Assert.Throws<ImageException>(() => Opened.In("/", root => PagemapReader.Open(root, "proc", Bytes.PageSize)));

        Assert.Equal("/proc: is a directory, not a file", e.Message);
    }
}
