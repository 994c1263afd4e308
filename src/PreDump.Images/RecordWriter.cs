using System.Buffers.Binary;
using Google.Protobuf;

namespace PreDump.Images;

/// <summary>Writes the framing of images (CRIU image format):
/// <code>
///   | magic | magic | length | protobuf | length | protobuf | ...     magics and lengths are little-endian u32
/// </code></summary>
internal static class RecordWriter
{
    internal const int LengthBytes = sizeof(uint);

    /// <summary>Writes one magic; returns its length in bytes, 4.</summary>
    internal static int WriteMagic(Span<byte> to, uint magic)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(to, magic);
        return sizeof(uint);
    }

    /// <summary>Writes one record without allocating.</summary>
    /// <returns>The number of bytes written, including the length field.</returns>
    internal static int WriteRecord(Span<byte> to, IMessage message)
    {
        int size = message.CalculateSize();
        BinaryPrimitives.WriteUInt32LittleEndian(to, (uint)size);
        message.WriteTo(to.Slice(LengthBytes, size));
        return LengthBytes + size;
    }
}
