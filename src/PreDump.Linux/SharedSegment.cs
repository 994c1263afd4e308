using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>A segment of shared memory that has no name in any file system: of mmap(2) with MAP_SHARED and MAP_ANONYMOUS, of
/// memfd_create(2), of shmget(2). CRIU takes all of them into images that are named by the segment's inode number. It is read
/// through /proc/PID/map_files, which takes CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN (proc_pid_map_files(5)).</summary>
public sealed unsafe class SharedSegment : IDisposable
{
    private const int SEEK_DATA = 3, SEEK_HOLE = 4; // linux/fs.h

    private static readonly Lazy<dev_t?> s_device = new(Device); // of all such segments

    private readonly Fd _file;

    private SharedSegment(Fd file, ulong inode, ulong bytes) => (_file, Inode, Bytes) = (file, inode, bytes);

    /// <summary>The inode number.</summary>
    public ulong Inode { get; }

    /// <summary>The size in bytes.</summary>
    public ulong Bytes { get; }

    /// <summary>Whether a VMA may be of such a segment.</summary>
    public static bool MayBe(in Vma vma) => vma.Shared && vma.Inode != 0 && vma.Name.EndsWith(" (deleted)"u8)
        && (vma.Name.StartsWith("/dev/zero"u8) || vma.Name.StartsWith("/memfd:"u8) || vma.Name.StartsWith("/SYSV"u8));

    /// <summary>Opens the segment that is mapped at an address; null if there is none any more, or if that is not
    /// permitted.</summary>
    /// <param name="pid">The task.</param>
    /// <param name="mapping">The complete VMA.</param>
    public static SharedSegment? TryOpen(int pid, MemoryRange mapping)
    {
        if (s_device.Value is not { } device || Open(pid, mapping) is not { } file)
            return null;
        stat status;
        if (fstat(file.Number, &status) == 0 && status.st_dev == device)
            return new SharedSegment(file, status.st_ino, (ulong)(long)status.st_size);
        file.Dispose();
        return null;
    }

    /// <summary>The first memory at or after an offset; null if there is none. What was never written to is no memory.</summary>
    public MemoryRange? NextData(ulong offset)
    {
        long start = lseek(_file.Number, (off_t)(long)offset, SEEK_DATA);
        long end = start < 0 ? -1 : lseek(_file.Number, (off_t)start, SEEK_HOLE);
        return end <= start ? null : new MemoryRange((ulong)start, (ulong)(end - start));
    }

    /// <summary>Reads bytes; those past the segment's end are zero.</summary>
    /// <returns>False if nothing is there, since the segment was shortened.</returns>
    public bool TryRead(ulong offset, Span<byte> to)
    {
        int got = 0;
        while (got < to.Length && _file.TryReadAt(to[got..], offset + (ulong)got) is > 0 and var more)
            got += more;
        to[got..].Clear();
        return got > 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static Fd? Open(int pid, MemoryRange mapping) =>
        Fd.TryOpen(ProcFs.Path(pid, $"map_files/{mapping.Start:x}-{mapping.End:x}"), O_RDONLY, out _);

    private static dev_t? Device()
    {
        size_t bytes = PageSize.Bytes;
        void* page = mmap(null, bytes, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
            return null;
        using var file = Open(Environment.ProcessId, new MemoryRange((ulong)page, PageSize.Step));
        stat status = default;
        bool known = file is not null && fstat(file.Number, &status) == 0;
        _ = munmap(page, bytes);
        return known ? status.st_dev : null;
    }
}
