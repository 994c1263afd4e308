using System.Buffers.Binary;
using Google.Protobuf;
using PreDump.Images;
using PreDump.Images.Schema;

namespace PreDump.Tests.Support;

/// <summary>Images in memory: well-formed ones made by the encoder, others by hand.</summary>
internal static class Bytes
{
    /// <summary>The page size of these images, in bytes.</summary>
    internal const int PageSize = 4096;

    internal static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", ""));

    internal static byte[] UInt32(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    internal static byte[] Record(IMessage message) => [.. UInt32((uint)message.CalculateSize()), .. message.ToByteArray()];

    /// <summary>A pagemap with these records, valid or not.</summary>
    internal static byte[] RawPagemap(params IMessage[] entries)
    {
        byte[] head = Record(new pagemap_head { PagesId = 1 });
        return [.. UInt32(Magic.Common), .. UInt32(Magic.Pagemap), .. head, .. entries.SelectMany(Record)];
    }

    internal static byte[] Pagemap(uint pagesId, params ReadOnlySpan<PagemapEntry> entries)
    {
        var encoder = new PagemapEncoder();
        byte[] bytes = new byte[PagemapEncoder.MaxHeadBytes + entries.Length * PagemapEncoder.MaxEntryBytes];
        int length = encoder.WriteHead(bytes, pagesId);
        foreach (PagemapEntry entry in entries)
            length += encoder.WriteEntry(bytes.AsSpan(length), entry);
        return bytes[..length];
    }

    internal static PagemapEntry[] ReadPagemap(byte[] image)
    {
        using var reader = new PagemapReader(new MemoryStream(image), "pagemap-1.img", PageSize);
        var entries = new List<PagemapEntry>();
        while (reader.TryRead(out PagemapEntry entry))
            entries.Add(entry);
        return [.. entries];
    }
}
