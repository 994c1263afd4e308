using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>An open file, closed by <see cref="Dispose"/>, always close-on-exec. Errors are <see cref="LinuxException"/>s that
/// name the path.</summary>
public sealed unsafe class Fd : IDisposable
{
    private int _fd;

    private Fd(int fd, string path) => (_fd, Path) = (fd, path);

    /// <summary>The path it was opened by, for messages.</summary>
    public string Path { get; }

    /// <summary>The descriptor's number.</summary>
    public int Number => _fd;

    /// <summary>Takes over a descriptor that is open already.</summary>
    public static Fd Adopt(int fd, string name) => new(fd, name);

    /// <summary>open(2).</summary>
    public static Fd Open(string path, int flags, int mode = 0) =>
        TryOpen(path, flags, mode) ?? throw new LinuxException("open", path, errno);

    /// <summary>open(2); null where it fails, and then <paramref name="error"/> is its errno.</summary>
    public static Fd? TryOpen(string path, int flags, out int error, int mode = 0)
    {
        var fd = TryOpen(path, flags, mode);
        error = fd is null ? errno : 0;
        return fd;
    }

    /// <summary>openat(2) from this directory; null where it fails, and then <paramref name="error"/> is its errno.</summary>
    internal Fd? TryOpenAt(string name, int flags, out int error, int mode = 0)
    {
        Span<byte> buffer = stackalloc byte[CString.MaxLength];
        fixed (byte* path = CString.Terminated(name, buffer))
        {
            int fd;
            do
            {
                fd = openat(_fd, path, flags | O_CLOEXEC, (mode_t)(uint)mode);
                error = fd < 0 ? errno : 0;
            } while (error == EINTR); // a network file system may be interrupted
            return fd >= 0 ? new Fd(fd, System.IO.Path.Combine(Path, name)) : null;
        }
    }

    /// <summary>An existing plain file, to be read; null where there is none.</summary>
    /// <exception cref="InvalidDataException">It can't be opened so; the message says why.</exception>
    public static Fd? TryOpenPlain(string path) => RegularFile.TryOpenFd(path, out var problem) is { } file ? file
        : problem is null ? null : throw new InvalidDataException($"{path}: {problem}");

    /// <summary>fallocate(2): gives a range of the file back to the disk; it reads as zeros, the file's length stays.</summary>
    public void PunchHole(ulong offset, ulong length)
    {
        const int FALLOC_FL_KEEP_SIZE = 1, FALLOC_FL_PUNCH_HOLE = 2;
        if (fallocate(_fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, (off_t)(long)offset, (off_t)(long)length) != 0)
            throw Failed("fallocate");
    }

    /// <summary>Whether it is on ext4: a write(2) to blocks that were reserved before it takes a third less time there, and on tmpfs, where
    /// reserved pages are filled with zeros first, longer.</summary>
    public bool GainsFromReserving
    {
        get
        {
            const long EXT4_SUPER_MAGIC = 0xEF53; // linux/magic.h; ext2 and ext3, which ext4 serves too, refuse to reserve
            long* status = stackalloc long[15]; // struct statfs: f_type is its first member
            return Interop.LibCExtra.fstatfs(_fd, status) == 0 && *status == EXT4_SUPER_MAGIC;
        }
    }

    /// <summary>fallocate(2): reserves blocks for a range of the file, which is so long then. False where that can't be done: a write
    /// there will tell why, if it is ever made.</summary>
    public bool TryReserve(ulong offset, ulong length) => fallocate(_fd, 0, (off_t)(long)offset, (off_t)(long)length) == 0;

    /// <summary>Sets or clears O_DIRECT: whole pages, from page-aligned memory, are then written past the page cache. False where the file
    /// system can't do that; where its blocks are larger than pages, only a write tells (EINVAL).</summary>
    public bool TryBypassCache(bool bypass) => fcntl(_fd, F_SETFL, bypass ? O_DIRECT : 0) == 0;

    /// <summary>The file's length in bytes (fstat(2)).</summary>
    public ulong Length
    {
        get
        {
            stat status;
            return fstat(_fd, &status) == 0 ? (ulong)(long)status.st_size : throw Failed("fstat");
        }
    }

    /// <summary>ftruncate(2): also gives back what was reserved behind that length.</summary>
    public void Truncate(ulong length)
    {
        if (ftruncate(_fd, (off_t)(long)length) != 0)
            throw Failed("ftruncate");
    }

    /// <summary>readlinkat(2) in this directory: whether the link of that number leads there.</summary>
    internal bool LinkIs(int number, ReadOnlySpan<byte> target)
    {
        Span<byte> name = stackalloc byte[12], link = stackalloc byte[256];
        number.TryFormat(name, out int length);
        name[length] = 0;
        fixed (byte* at = name, to = link)
            return (int)readlinkat(_fd, at, to, (size_t)(ulong)link.Length) is > 0 and var got && link[..got].SequenceEqual(target);
    }

    /// <summary>A second descriptor of the same file, close-on-exec.</summary>
    public Fd Duplicate()
    {
        int fd = fcntl(_fd, F_DUPFD_CLOEXEC, 3);
        return fd >= 0 ? new Fd(fd, Path) : throw Failed("fcntl");
    }

    /// <summary>Keeps it from programs that we start.</summary>
    public void KeepFromChildren()
    {
        if (fcntl(_fd, F_SETFD, FD_CLOEXEC) != 0)
            throw Failed("fcntl");
    }

    /// <summary>socketpair(2): what is written to one is read from the other.</summary>
    public static (Fd, Fd) SocketPair(string name)
    {
        int* pair = stackalloc int[2];
        const int AF_UNIX = 1, SOCK_STREAM_CLOEXEC = 1 | 0x80000;
        return socketpair(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, pair) == 0
            ? (new Fd(pair[0], name), new Fd(pair[1], name))
            : throw new LinuxException("socketpair", name, errno);
    }

    /// <summary>read(2) once; 0 at the end of the file.</summary>
    public int Read(Span<byte> to)
    {
        int got = TryRead(to);
        return got >= 0 ? got : throw Failed("read");
    }

    /// <summary>read(2) once; -1 where it fails.</summary>
    public int TryRead(Span<byte> to)
    {
        fixed (byte* p = to)
        {
            nint got;
            do
            {
                got = (nint)(long)read(_fd, p, (size_t)(ulong)to.Length);
            } while (got < 0 && errno == EINTR);
            return (int)got;
        }
    }

    /// <summary>pread(2) once; -1 where it fails.</summary>
    public int TryReadAt(Span<byte> to, ulong offset)
    {
        fixed (byte* p = to)
        {
            nint got;
            do
            {
                got = (nint)(long)pread(_fd, p, (size_t)(ulong)to.Length, (off_t)(long)offset);
            } while (got < 0 && errno == EINTR);
            return (int)got;
        }
    }

    /// <summary>Writes all of <paramref name="from"/>.</summary>
    public void Write(ReadOnlySpan<byte> from)
    {
        while (!from.IsEmpty)
        {
            fixed (byte* p = from)
            {
                long put = (long)write(_fd, p, (size_t)(ulong)from.Length);
                if (put > 0)
                    from = from[(int)put..];
                else if (put == 0) // a file system that takes nothing and says nothing: don't ask it for ever
                    throw new LinuxException("write", Path, EIO);
                else if (errno != EINTR)
                    throw Failed("write");
            }
        }
    }

    /// <summary>Writes all of <paramref name="from"/> at an offset, by pwrite(2).</summary>
    public void WriteAt(ReadOnlySpan<byte> from, ulong offset)
    {
        while (!from.IsEmpty)
        {
            fixed (byte* p = from)
            {
                long put = (long)pwrite(_fd, p, (size_t)(ulong)from.Length, (off_t)(long)offset);
                if (put < 0 && errno != EINTR)
                    throw Failed("write");
                from = from[(int)Math.Max(put, 0)..];
                offset += (ulong)Math.Max(put, 0);
            }
        }
    }

    /// <summary>write(2) once, whole or failed: for the kernel's control files. Returns 0 or errno.</summary>
    public int TryWriteOnce(ReadOnlySpan<byte> from)
    {
        fixed (byte* p = from)
            return (long)write(_fd, p, (size_t)(ulong)from.Length) == from.Length ? 0 : errno;
    }

    /// <summary>Closes the file; an error that close(2) reports (a full disk may) is thrown.</summary>
    public void Close()
    {
        int fd = Interlocked.Exchange(ref _fd, -1);
        if (fd >= 0 && close(fd) != 0 && errno != EINTR)
            throw Failed("close");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        int fd = Interlocked.Exchange(ref _fd, -1);
        if (fd >= 0)
            _ = close(fd);
    }

    /// <summary>The same descriptor by another name; this object is as if closed.</summary>
    internal Fd Renamed(string path) => new(Interlocked.Exchange(ref _fd, -1), path);

    /// <summary>Gives the number away.</summary>
    public int ReleaseNumber() => Interlocked.Exchange(ref _fd, -1);

    /// <summary>Gives the descriptor away, to .NET's own streams.</summary>
    public SafeFileHandle ReleaseHandle() => new(Interlocked.Exchange(ref _fd, -1), ownsHandle: true);

    internal LinuxException Failed(string call, string? subject = null) => new(call, subject ?? Path, errno);

    private static Fd? TryOpen(string path, int flags, int mode)
    {
        Span<byte> buffer = stackalloc byte[CString.MaxLength];
        fixed (byte* p = CString.Terminated(path, buffer))
        {
            int fd;
            do
            {
                fd = open(p, flags | O_CLOEXEC, (mode_t)(uint)mode);
            } while (fd < 0 && errno == EINTR); // a network file system may be interrupted
            return fd >= 0 ? new Fd(fd, path) : null;
        }
    }
}
