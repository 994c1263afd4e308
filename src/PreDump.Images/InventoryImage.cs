using Google.Protobuf;
using PreDump.Images.Schema;

namespace PreDump.Images;

/// <summary>
/// Reads and writes inventory.img (CRIU image format): a single magic, without the common one before it, and one inventory_entry.
/// </summary>
public static class InventoryImage
{
    /// <summary>The maximum length that <see cref="Write"/> writes: magic, length, four tags, a byte, a u64, a u32 and a length
    /// of 0.</summary>
    public const int MaxBytes = 2 * sizeof(uint) + 4 + 1 + 10 + 5 + 1;

    // A full dump's record also has namespaces, plugins and a run id: some hundred bytes.
    private const int MaxRecordBytes = 64 * 1024;

    private static readonly MessageParser<inventory_entry> s_parser = inventory_entry.Parser.WithDiscardUnknownFields(true);

    /// <summary>Writes the inventory of a pre-dump, byte for byte as CRIU 4.2 does.</summary>
    /// <param name="to">A buffer of at least <see cref="MaxBytes"/>.</param>
    /// <param name="dumpUptimeMicroseconds">When the tree was frozen, in microseconds since boot.</param>
    /// <param name="preDumpMode">1 for splice, 2 for read.</param>
    /// <returns>The number of bytes written.</returns>
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
    /// <param name="name">The file's name, for an inventory that is not in place.</param>
    /// <exception cref="ImageException">There is no such file, or it is not an inventory or damaged.</exception>
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
