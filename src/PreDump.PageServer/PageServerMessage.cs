using System.Buffers.Binary;
using PreDump.Images;

namespace PreDump.PageServer;

/// <summary>How long a message is: CRIU up to 4.1 sends 24 bytes, from 4.2 on 32, and the protocol has no version.</summary>
public enum MessageLayout
{
    /// <summary>u32 command, u32 pages, u64 address, u64 id.</summary>
    Bytes24 = 24,

    /// <summary>u32 command, u32 zero, u64 pages, u64 address, u64 id.</summary>
    Bytes32 = 32,
}

/// <summary>The low 16 bits of a message's command (CRIU's PS_IOV_*).</summary>
public enum PageServerCommandCode : ushort
{
    /// <summary>Old clients: a run of pages, which follow.</summary>
    Add = 1,

    /// <summary>Old clients: a run that is in the parent.</summary>
    Hole = 2,

    /// <summary>Old clients: begin the images of an id; no answer.</summary>
    Open = 3,

    /// <summary>Begin the images of an id; the answer is one byte: whether the parent has them.</summary>
    Open2 = 4,

    /// <summary>Does the parent have this id? The answer is an int32.</summary>
    Parent = 5,

    /// <summary>A run with flags; its pages follow if it is present.</summary>
    AddFlags = 6,

    /// <summary>Lazy pages are asked for.</summary>
    Get = 7,

    /// <summary>All is sent; the answer is an int32, 0 once all is written.</summary>
    Close = 0x1023,

    /// <summary>The same on an inherited socket.</summary>
    ForceClose = 0x1024,
}

/// <summary>Whose pages they are: dst_id is the id shifted by eight bits, and the kind.</summary>
/// <param name="Kind">1 a task, 2 a segment of shared memory.</param>
/// <param name="Id">The pid in the innermost pid namespace, or the segment's inode number.</param>
public readonly record struct PagesId(byte Kind, ulong Id)
{
    /// <summary>A task's.</summary>
    public const byte Task = 1;

    /// <summary>A shared segment's.</summary>
    public const byte Shmem = 2;

    /// <summary>As in a message; the kinds' old numbers are read too.</summary>
    public static PagesId? TryFrom(ulong dstId)
    {
        byte kind = (byte)dstId switch
        {
            1 or 10 or 11 or 16 or 17 => Task,
            2 or 27 or 28 or 29 or 32 or 33 or 34 => Shmem,
            _ => 0,
        };
        ulong id = dstId >> 8;
        return kind == 0 || (kind == Task && id is 0 or > int.MaxValue) ? null : new PagesId(kind, id);
    }

    /// <summary>As in a message.</summary>
    public ulong DstId => (Id << 8) | Kind;

    /// <summary>The pagemap's file name.</summary>
    public string FileName => Kind == Task ? ImageNames.Pagemap((int)Id) : ImageNames.PagemapShmem(Id);
}

/// <summary>A message to a page server, as in CRIU's struct page_server_iov: little endian.</summary>
/// <param name="Command">What is to be done.</param>
/// <param name="Flags">A run's flags (the command's high 16 bits).</param>
/// <param name="Pages">A run's length, in pages.</param>
/// <param name="Address">Where a run begins, in bytes.</param>
/// <param name="DstId">Whose pages: see <see cref="PagesId"/>.</param>
public readonly record struct PageServerMessage(PageServerCommandCode Command, PageFlags Flags, ulong Pages, ulong Address, ulong DstId)
{
    /// <summary>Bytes of the longer layout.</summary>
    public const int MaxBytes = (int)MessageLayout.Bytes32;

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

    /// <summary>The layout that a client speaks, by its first 24 bytes: a question or an opening, of no pages and no address.</summary>
    public static MessageLayout LayoutOf(ReadOnlySpan<byte> first24) =>
        BinaryPrimitives.ReadUInt64LittleEndian(first24[16..]) != 0 ? MessageLayout.Bytes24 : MessageLayout.Bytes32;
}
