using Google.Protobuf;
using PreDump.Images.Schema;

namespace PreDump.Images;

/// <summary>
/// inventory.img (CRIU image format): one magic, alone, for the common one is not in this file, and one inventory_entry.
/// </summary>
public static class InventoryImage
{
    /// <summary>Most that <see cref="Write"/> writes: magic, length, four tags, a byte, a u64, a u32 and a length of 0.</summary>
    public const int MaxBytes = 2 * sizeof(uint) + 4 + 1 + 10 + 5 + 1;

    // A full dump's has namespaces, plugins and a run id: some hundred bytes.
    private const int MaxRecordBytes = 64 * 1024;

    private static readonly MessageParser<inventory_entry> s_parser = inventory_entry.Parser.WithDiscardUnknownFields(true);

    /// <summary>Writes the inventory of a pre-dump, byte for byte as CRIU 4.2 does.</summary>
    /// <param name="to">At least <see cref="MaxBytes"/>.</param>
    /// <param name="dumpUptimeMicroseconds">Microseconds since boot, taken while the tree was frozen.</param>
    /// <param name="preDumpMode">1 splice, 2 read.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> to, ulong dumpUptimeMicroseconds, uint preDumpMode)
    {
        var entry = new inventory_entry
        {
            ImgVersion = 0,
            DumpUptime = dumpUptimeMicroseconds,
            PreDumpMode = preDumpMode,
            PluginsEntry = new inventory_plugins_entry(),
        };
        int written = RecordWriter.WriteMagic(to, Magic.Inventory);
        return written + RecordWriter.WriteRecord(to[written..], entry);
    }

    /// <summary>Reads the inventory of a pre-dump or of a full dump.</summary>
    /// <param name="directory">The images.</param>
    /// <param name="name">The file's, where it is out of its place.</param>
    /// <exception cref="ImageException">No such file, not an inventory, or damaged.</exception>
    public static Inventory Read(ImageDirectory directory, string name = ImageNames.Inventory)
    {
        using FileStream stream = directory.OpenStream(name);
        var records = new RecordReader(stream, directory.PathOf(name), "inventory", MaxRecordBytes);
        records.ExpectMagic(Magic.Inventory);
        inventory_entry entry = records.Read(s_parser) ?? throw records.Damaged("ends before its record");
        if (!entry.HasImgVersion)
            throw records.Damaged("record without img_version");
        return new Inventory(
            entry.ImgVersion,
            entry.HasDumpUptime ? entry.DumpUptime : null,
            entry.HasPreDumpMode ? entry.PreDumpMode : null);
    }
}
