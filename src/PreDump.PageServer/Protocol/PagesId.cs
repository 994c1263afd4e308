using PreDump.Images;

namespace PreDump.PageServer.Protocol;

/// <summary>Whose pages they are: dst_id is the id shifted by eight bits, and the kind.</summary>
/// <param name="Kind">1 a task, 2 a segment of shared memory.</param>
/// <param name="Id">The pid in the innermost pid namespace, or the segment's inode number.</param>
public readonly record struct PagesId(byte Kind, ulong Id)
{
    /// <summary>A task's.</summary>
    public const byte Task = 1;

    /// <summary>A shared segment's.</summary>
    public const byte Shmem = 2;

    /// <summary>Those of a task.</summary>
    /// <param name="imagePid">The task's pid in its innermost pid namespace.</param>
    public static PagesId OfTask(int imagePid) => new(Task, (ulong)imagePid);

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
