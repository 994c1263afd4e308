using System.Buffers.Binary;

namespace PreDump.PageServer.Wire;

/// <summary>What precedes a frame, a stretch of a client's messages and pages, cut anywhere: little endian, a u64 and two
/// u32.</summary>
/// <param name="Number">Consecutive, from 0.</param>
/// <param name="Bytes">The stretch's length in bytes.</param>
/// <param name="WireBytes">The bytes that follow: fewer where they are compressed (an LZ4 block), else the same number.</param>
public readonly record struct FrameHead(ulong Number, int Bytes, int WireBytes)
{
    /// <summary>The head's own length in bytes.</summary>
    public const int Length = 16;

    /// <summary>Bytes of a stretch that is compressed, at most: as many as LZ4 looks back.</summary>
    public const int MostPacked = 64 * 1024;

    /// <summary>Bytes of any stretch, at most, where there are several connections: each is taken as a whole.</summary>
    public const int MostInStreams = 256 * 1024;

    /// <summary>Whether nothing follows, and no other frame will come.</summary>
    public bool IsEnd => Bytes == 0 && WireBytes == 0;

    /// <summary>Whether the stretch is compressed.</summary>
    public bool IsPacked => WireBytes < Bytes;

    /// <summary>Whether it makes sense: whoever reads a compressed one needs room for it, and no more than that.</summary>
    public bool IsValid => WireBytes > 0 && (WireBytes == Bytes || (IsPacked && Bytes <= MostPacked));

    /// <summary>The same where there are several connections.</summary>
    public bool IsValidInStreams => WireBytes > 0 && WireBytes <= Bytes && Bytes <= MostInStreams;

    /// <summary>Writes it.</summary>
    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(to, Number);
        BinaryPrimitives.WriteInt32LittleEndian(to[8..], Bytes);
        BinaryPrimitives.WriteInt32LittleEndian(to[12..], WireBytes);
    }

    /// <summary>Reads one.</summary>
    public static FrameHead Read(ReadOnlySpan<byte> from) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(from),
        BinaryPrimitives.ReadInt32LittleEndian(from[8..]),
        BinaryPrimitives.ReadInt32LittleEndian(from[12..]));
}
