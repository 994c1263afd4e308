using System.Buffers.Binary;

namespace PreDump.PageServer.Wire;

/// <summary>What a server says on each connection of a round: how many frames it has taken, and its answers. Little endian, a u64
/// and two u32; then the answers' bytes.</summary>
/// <param name="Taken">All frames below this number have been taken; their sender may forget them.</param>
/// <param name="From">Where the answers begin, in the bytes of all answers to the round.</param>
/// <param name="Bytes">The number of bytes of answers that follow.</param>
public readonly record struct StreamReport(ulong Taken, int From, int Bytes)
{
    /// <summary>Its own length in bytes.</summary>
    public const int Length = 16;

    /// <summary>The most bytes of all answers to a round: a page server says a byte for each task, and four for each
    /// question.</summary>
    public const int MostBytes = 16 * 1024 * 1024;

    /// <summary>Said instead of a number of frames by a server that has failed: there will be no more answers.</summary>
    public const ulong Failed = ulong.MaxValue;

    /// <summary>Whether it makes sense.</summary>
    public bool IsValid => From is >= 0 and <= MostBytes && Bytes >= 0 && Bytes <= MostBytes - From;

    /// <summary>Writes it.</summary>
    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(to, Taken);
        BinaryPrimitives.WriteInt32LittleEndian(to[8..], From);
        BinaryPrimitives.WriteInt32LittleEndian(to[12..], Bytes);
    }

    /// <summary>Reads one.</summary>
    public static StreamReport Read(ReadOnlySpan<byte> from) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(from),
        BinaryPrimitives.ReadInt32LittleEndian(from[8..]),
        BinaryPrimitives.ReadInt32LittleEndian(from[12..]));
}
