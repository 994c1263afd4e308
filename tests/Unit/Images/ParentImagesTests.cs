using PreDump.Images;
using PreDump.Images.Schema;
using Xunit;

namespace PreDump.Tests.Unit.Images;

public sealed class ParentImagesTests : IDisposable
{
    private readonly Scratch _directory = new();
    private readonly ImageDirectory _images;

    public ParentImagesTests() => _images = ImageDirectory.Open(_directory.Path);

    public void Dispose()
    {
        _images.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void A_round_before_tells_its_uptime_and_its_tasks()
    {
        WriteInventory();
        _directory.Write("pagemap-7.img", Bytes.Pagemap(3, new PagemapEntry(0x1000, 2, PageFlags.Present)));
        _directory.Write("pages-3.img", new byte[2 * 4096]);

        using ParentCoverage? task = ParentCoverage.TryOpen(_images, "pagemap-7.img", Bytes.PageSize);

        Assert.Equal(123_456_789UL, ParentInventory.DumpUptime(_images));
        Assert.NotNull(task);
        Assert.Equal(2UL, task.Covered(0x1000, 5, out bool inParent));
        Assert.True(inParent);
        Assert.Null(ParentCoverage.TryOpen(_images, "pagemap-8.img", Bytes.PageSize));
    }

    [Fact]
    public void A_round_without_an_inventory_is_no_parent()
    {
        var e = Assert.Throws<ImageException>(() => ParentInventory.DumpUptime(_images));

        Assert.Equal(
            $"{_directory["inventory.img"]}: no such file: the parent must be the directory of a successful pre-dump",
            e.Message);
    }

    [Fact]
    public void A_round_without_an_uptime_is_no_parent()
    {
        _directory.Write("inventory.img",
            [.. Bytes.UInt32(Magic.Inventory), .. Bytes.Record(new inventory_entry { ImgVersion = 2 })]);

        var e = Assert.Throws<ImageException>(() => ParentInventory.DumpUptime(_images));

        Assert.Contains("start over with a pre-dump that has no parent", e.Message);
    }

    [Fact]
    public void A_pagemap_without_its_pages_is_refused_now_rather_than_by_the_restore()
    {
        WriteInventory();
        _directory.Write("pagemap-7.img", Bytes.Pagemap(3));

        var e = Assert.Throws<ImageException>(() => ParentCoverage.TryOpen(_images, "pagemap-7.img", Bytes.PageSize));

        Assert.Equal($"{_directory["pages-3.img"]}: no such file, but pagemap-7.img says its pages are there", e.Message);
    }

    [Fact]
    public void The_pagemap_of_a_parent_is_opened_without_an_inventory()
    {
        _directory.Write("pagemap-shmem-5.img", Bytes.Pagemap(65537));
        _directory.Write("pages-65537.img", []);

        using ParentCoverage? segment = ParentCoverage.TryOpen(_images, ImageNames.PagemapShmem(5), Bytes.PageSize);

        Assert.NotNull(segment);
        Assert.Null(ParentCoverage.TryOpen(_images, ImageNames.Pagemap(1), Bytes.PageSize));
    }

    private void WriteInventory()
    {
        byte[] bytes = new byte[InventoryImage.MaxBytes];
        _directory.Write("inventory.img", bytes.AsSpan(0, InventoryImage.Write(bytes, 123_456_789, preDumpMode: 2)));
    }
}
