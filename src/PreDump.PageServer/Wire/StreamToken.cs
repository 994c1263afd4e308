using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PreDump.PageServer.Wire;

/// <summary>Names a round that is under way, to those alone who were told: by it other connections join.</summary>
/// <param name="First">Not 0.</param>
/// <param name="Second">Any number.</param>
public readonly record struct StreamToken(ulong First, ulong Second)
{
    /// <summary>Its length in bytes.</summary>
    public const int Bytes = 16;

    /// <summary>One that nobody can guess.</summary>
    public static StreamToken Random()
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        RandomNumberGenerator.Fill(bytes);
        bytes[0] |= 1;
        return Read(bytes);
    }

    /// <summary>Writes it, little endian.</summary>
    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(to, First);
        BinaryPrimitives.WriteUInt64LittleEndian(to[8..], Second);
    }

    /// <summary>Reads one.</summary>
    public static StreamToken Read(ReadOnlySpan<byte> from) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(from), BinaryPrimitives.ReadUInt64LittleEndian(from[8..]));
}
