using System.Buffers.Binary;
using Google.Protobuf;

namespace PreDump.Images;

/// <summary>The framing of images: little endian u32 magics, then records of u32 length + protobuf.</summary>
internal static class RecordWriter
{
    internal const int LengthBytes = sizeof(uint);

    /// <returns>Bytes written: 4.</returns>
    internal static int WriteMagic(Span<byte> to, uint magic)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(to, magic);
        return sizeof(uint);
    }

    /// <summary>Writes one record without allocating.</summary>
    /// <returns>Bytes written, the length field among them.</returns>
    internal static int WriteRecord(Span<byte> to, IMessage message)
    {
        int size = message.CalculateSize();
        BinaryPrimitives.WriteUInt32LittleEndian(to, (uint)size);
        message.WriteTo(to.Slice(LengthBytes, size));
        return LengthBytes + size;
    }
}
