using CsCheck;
using PreDump.Images;
using PreDump.Images.Schema;
using Xunit;

namespace PreDump.Tests.Unit.Images;

public sealed class InventoryImageTests : IDisposable
{
    private readonly Scratch _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_bytes_of_an_inventory_are_those_of_a_pre_dump_of_CRIU_4_2()
        => Assert.Equal(Bytes.Hex("16313158 0c000000 0800 40d285d8cc04 4802 6200"), Written(1_234_567_890, 2));

    [Fact]
    public void The_largest_inventory_fills_the_stated_size_exactly()
        => Assert.Equal(InventoryImage.MaxBytes, Written(ulong.MaxValue, uint.MaxValue).Length);

    [Fact]
    public void An_inventory_is_read_as_it_was_written()
        => Gen.Select(Gen.ULong, Gen.UInt).Sample(
            (uptime, mode) => Assert.Equal(new Inventory(0, uptime, mode), Read(Written(uptime, mode))),
            threads: 1, iter: 200);

    [Fact]
    public void The_inventory_of_a_full_dump_is_read_past_what_we_do_not_need()
    {
        // Field 3, root_ids, and field 6, lsmtype, are not in our schema.
        byte[] record = Bytes.Hex("0802 1001 1a04 08011002 2001 2801 3000 40959aef3a 5000 5801 6200 6a03616263");
        byte[] image = [.. Bytes.UInt32(Magic.Inventory), .. Bytes.UInt32((uint)record.Length), .. record];

        Assert.Equal(new Inventory(2, 123_456_789, null), Read(image));
    }

    [Fact]
    public void The_inventory_of_a_dump_without_memory_tracking_has_no_uptime()
        => Assert.Equal(
            new Inventory(1, null, null),
            Read([.. Bytes.UInt32(Magic.Inventory), .. Bytes.Record(new inventory_entry { ImgVersion = 1 })]));

    [Fact]
    public void What_is_no_inventory_is_refused()
    {
        byte[] good = Written(123_456_789, 2);

        for (int length = 0; length < good.Length; length++)
            Assert.Throws<ImageException>(() => Read(good[..length]));
        Refused([.. Bytes.UInt32(Magic.Common), .. good], "magic 0x54564319 instead of 0x58313116 at offset 0");
        Refused([.. Bytes.UInt32(Magic.Inventory), .. Bytes.UInt32(uint.MaxValue)], "record of 4294967295 bytes at offset 4");
        Refused(
            [.. Bytes.UInt32(Magic.Inventory), .. Bytes.Record(new inventory_entry { DumpUptime = 1 })],
            "without img_version");
    }

    private static byte[] Written(ulong uptime, uint mode)
    {
        byte[] bytes = new byte[InventoryImage.MaxBytes];
        return bytes[..InventoryImage.Write(bytes, uptime, mode)];
    }

    private Inventory Read(byte[] image) => Opened.Image(_directory.Write("inventory.img", image), InventoryImage.Read);

    private void Refused(byte[] image, string problem)
    {
        var e = Assert.Throws<ImageException>(() => Read(image));
        Assert.StartsWith(_directory["inventory.img"], e.Message);
        Assert.Contains(problem, e.Message);
    }
}
