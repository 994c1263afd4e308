using System.Buffers.Binary;
using PreDump.Images;

namespace PreDump.PageServer.Protocol;

/// <summary>A message to a page server, as in CRIU's struct page_server_iov: little endian.</summary>
/// <param name="Command">What is to be done.</param>
/// <param name="Flags">A run's flags (the command's high 16 bits).</param>
/// <param name="Pages">A run's length, in pages.</param>
/// <param name="Address">Where a run begins, in bytes.</param>
/// <param name="DstId">Whose pages: see <see cref="PagesId"/>.</param>
public readonly record struct PageServerMessage(
    PageServerCommandCode Command, PageFlags Flags, ulong Pages, ulong Address, ulong DstId)
{
    /// <summary>Bytes of the longer layout.</summary>
    public const int MaxBytes = (int)MessageLayout.Bytes32;

    /// <summary>An opening by a client that has compared the pages itself, and leaves to the parent what is there with the same
    /// bytes: it has a page, which criu's servers don't look at.</summary>
    public static PageServerMessage OpenCompared(ulong dstId) => new(PageServerCommandCode.Open2, 0, 1, 0, dstId);

    /// <summary>Whether it is such an opening.</summary>
    public bool IsOpenCompared => Command == PageServerCommandCode.Open2 && Pages > 0;

    /// <summary>A message without a run.</summary>
    public PageServerMessage(PageServerCommandCode command, ulong dstId = 0) : this(command, 0, 0, 0, dstId)
    {
    }

    /// <summary>Writes it; returns its length.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More pages than the old layout can count.</exception>
    public int Write(Span<byte> to, MessageLayout layout)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(to, (uint)Flags << 16 | (ushort)Command);
        if (layout == MessageLayout.Bytes24)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(Pages, uint.MaxValue);
            BinaryPrimitives.WriteUInt32LittleEndian(to[4..], (uint)Pages);
            BinaryPrimitives.WriteUInt64LittleEndian(to[8..], Address);
            BinaryPrimitives.WriteUInt64LittleEndian(to[16..], DstId);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(to[4..], 0);
            BinaryPrimitives.WriteUInt64LittleEndian(to[8..], Pages);
            BinaryPrimitives.WriteUInt64LittleEndian(to[16..], Address);
            BinaryPrimitives.WriteUInt64LittleEndian(to[24..], DstId);
        }
        return (int)layout;
    }

    /// <summary>Reads one; whether it makes sense is for the server to say.</summary>
    public static PageServerMessage Read(ReadOnlySpan<byte> from, MessageLayout layout)
    {
        uint command = BinaryPrimitives.ReadUInt32LittleEndian(from);
        bool old = layout == MessageLayout.Bytes24;
        return new PageServerMessage((PageServerCommandCode)(command & 0xffff), (PageFlags)(command >> 16),
            old ? BinaryPrimitives.ReadUInt32LittleEndian(from[4..]) : BinaryPrimitives.ReadUInt64LittleEndian(from[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(from[(old ? 8 : 16)..]),
            BinaryPrimitives.ReadUInt64LittleEndian(from[(old ? 16 : 24)..]));
    }

    /// <summary>The layout of a client's messages, by its first 24 bytes: a question or an opening, without pages and
    /// address.</summary>
    public static MessageLayout LayoutOf(ReadOnlySpan<byte> first24) =>
        BinaryPrimitives.ReadUInt64LittleEndian(first24[16..]) != 0 ? MessageLayout.Bytes24 : MessageLayout.Bytes32;
}
