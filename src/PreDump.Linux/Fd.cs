using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>An open file descriptor, close-on-exec unless it was adopted. Methods without "Try" throw a
/// <see cref="LinuxException"/> that names the path. Opening, reading and writing retry EINTR, except for
/// <see cref="TryWriteOnce"/>.</summary>
public sealed unsafe class Fd : IDisposable
{
    private int _fd;

    private Fd(int fd, string path) => (_fd, Path) = (fd, path);

    /// <summary>The path that it was opened with, or another name, for messages.</summary>
    public string Path { get; }

    /// <summary>The descriptor's number.</summary>
    public int Number => _fd;

    /// <summary>Takes ownership of an open descriptor.</summary>
    /// <param name="fd">The descriptor.</param>
    /// <param name="name">What messages call it.</param>
    public static Fd Adopt(int fd, string name) => new(fd, name);

    /// <summary>Opens a file. See open(2).</summary>
    /// <exception cref="LinuxException">It can't be opened.</exception>
    public static Fd Open(string path, int flags, int mode = 0) =>
        TryOpen(path, flags, mode) ?? throw new LinuxException("open", path, errno);

    /// <summary>Opens a file. Returns null on failure and sets <paramref name="error"/> to the errno. See open(2).</summary>
    public static Fd? TryOpen(string path, int flags, out int error, int mode = 0)
    {
        var fd = TryOpen(path, flags, mode);
        error = fd is null ? errno : 0;
        return fd;
    }

    /// <summary>Opens a file relative to this directory. Returns null on failure and sets <paramref name="error"/> to the errno.
    /// See openat(2).</summary>
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

    /// <summary>Opens an existing regular file for reading; null if there is none.</summary>
    /// <exception cref="InvalidDataException">It is not a regular file or can't be opened; the message says why.</exception>
    public static Fd? TryOpenRegular(string path) => RegularFile.TryOpenForReading(path, out var problem) is { } file ? file
        : problem is null ? null : throw new InvalidDataException($"{path}: {problem}");

    /// <summary>Deallocates a range of the file, which then reads as zeros; the file's length stays. See fallocate(2),
    /// FALLOC_FL_PUNCH_HOLE.</summary>
    /// <exception cref="LinuxException">The file system can't do that.</exception>
    public void PunchHole(ulong offset, ulong length)
    {
        const int FALLOC_FL_KEEP_SIZE = 1, FALLOC_FL_PUNCH_HOLE = 2;
        if (fallocate(_fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, (off_t)(long)offset, (off_t)(long)length) != 0)
            throw Failed("fallocate");
    }

    /// <summary>Whether writes become faster if their blocks are reserved first. True on ext4, where write(2) then takes a third
    /// less time; false elsewhere (tmpfs would zero the reserved pages first). See fstatfs(2).</summary>
    public bool GainsFromReserving
    {
        get
        {
            const long EXT4_SUPER_MAGIC = 0xEF53; // linux/magic.h; ext2 and ext3, which ext4 serves too, refuse to reserve
            long* status = stackalloc long[15]; // struct statfs: f_type is its first member
            return Interop.LibCExtra.fstatfs(_fd, status) == 0 && *status == EXT4_SUPER_MAGIC;
        }
    }

    /// <summary>Reserves blocks for a range and extends the file to its end. False, which callers may ignore, on failure and
    /// where 64 files have no room for it: what one has reserved must not be missing in another. See fallocate(2).</summary>
    public bool TryReserve(ulong offset, ulong length)
    {
        long* status = stackalloc long[15]; // struct statfs: f_type, f_bsize, f_blocks, f_bfree, f_bavail, ...
        return Interop.LibCExtra.fstatfs(_fd, status) == 0 && (ulong)status[1] * (ulong)status[4] / 64 >= length
            && fallocate(_fd, 0, (off_t)(long)offset, (off_t)(long)length) == 0;
    }

    /// <summary>Sets or clears O_DIRECT. While it is set, writes bypass the page cache and must be whole pages of page-aligned
    /// memory. False if the file system does not support it. If its blocks are larger than a page, only the write fails (EINVAL).
    /// See open(2) and fcntl(2), F_SETFL.</summary>
    public bool TryBypassCache(bool bypass) => fcntl(_fd, F_SETFL, bypass ? O_DIRECT : 0) == 0;

    /// <summary>Makes each write go to the end of the file, wherever that is then. See fcntl(2), F_SETFL and O_APPEND.</summary>
    public void AppendAlways() => _ = fcntl(_fd, F_SETFL, O_APPEND);

    /// <summary>The file's length in bytes. See fstat(2).</summary>
    /// <exception cref="LinuxException">fstat(2) failed.</exception>
    public ulong Length
    {
        get
        {
            stat status;
            return fstat(_fd, &status) == 0 ? (ulong)(long)status.st_size : throw Failed("fstat");
        }
    }

    /// <summary>Takes over the owner, where we may, and the mode of another file. See fchown(2), fchmod(2).</summary>
    /// <exception cref="LinuxException">The mode can't be set.</exception>
    public void LookLike(Fd other)
    {
        stat status;
        if (fstat(other._fd, &status) != 0)
            throw other.Failed("fstat");
        _ = fchown(_fd, status.st_uid, status.st_gid); // before the mode, which it may change
        if (fchmod(_fd, (mode_t)((uint)status.st_mode & 0xFFF)) != 0)
            throw Failed("fchmod");
    }

    /// <summary>Sets the file's length in bytes, and frees blocks reserved beyond it. See ftruncate(2).</summary>
    /// <exception cref="LinuxException">ftruncate(2) failed.</exception>
    public void Truncate(ulong length)
    {
        if (ftruncate(_fd, (off_t)(long)length) != 0)
            throw Failed("ftruncate");
    }

    /// <summary>Whether the symbolic link in this directory whose name is a number has exactly this target. See
    /// readlinkat(2).</summary>
    internal bool LinkPointsTo(int number, ReadOnlySpan<byte> target)
    {
        Span<byte> name = stackalloc byte[12], link = stackalloc byte[256];
        number.TryFormat(name, out int length);
        name[length] = 0;
        fixed (byte* at = name, to = link)
        {
            int got = (int)readlinkat(_fd, at, to, (size_t)(ulong)link.Length);
            return got > 0 && link[..got].SequenceEqual(target);
        }
    }

    /// <summary>Makes a second descriptor of the same open file. See fcntl(2), F_DUPFD_CLOEXEC.</summary>
    /// <exception cref="LinuxException">EMFILE: too many open files.</exception>
    public Fd Duplicate()
    {
        int fd = fcntl(_fd, F_DUPFD_CLOEXEC, 3);
        return fd >= 0 ? new Fd(fd, Path) : throw Failed("fcntl");
    }

    /// <summary>Marks an adopted descriptor close-on-exec, so that child programs do not inherit it. See fcntl(2),
    /// FD_CLOEXEC.</summary>
    /// <exception cref="LinuxException">EBADF: the descriptor is not open.</exception>
    public void SetCloseOnExec()
    {
        if (fcntl(_fd, F_SETFD, FD_CLOEXEC) != 0)
            throw Failed("fcntl");
    }

    /// <summary>Whether the program that started us has left this descriptor open. What we or the runtime open is close-on-exec,
    /// and what was inherited can't be. See fcntl(2), F_GETFD.</summary>
    public static bool IsInherited(int number) => fcntl(number, F_GETFD) == 0;

    /// <summary>Makes two connected Unix stream sockets. See socketpair(2).</summary>
    /// <param name="name">What messages call both.</param>
    /// <exception cref="LinuxException">EMFILE: too many open files.</exception>
    public static (Fd, Fd) SocketPair(string name)
    {
        int* pair = stackalloc int[2];
        const int AF_UNIX = 1, SOCK_STREAM_CLOEXEC = 1 | 0x80000;
        return socketpair(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, pair) == 0
            ? (new Fd(pair[0], name), new Fd(pair[1], name))
            : throw new LinuxException("socketpair", name, errno);
    }

    /// <summary>Reads once; returns the number of bytes, 0 at the end of the file. See read(2).</summary>
    /// <exception cref="LinuxException">read(2) failed.</exception>
    public int Read(Span<byte> to)
    {
        int got = TryRead(to);
        return got >= 0 ? got : throw Failed("read");
    }

    /// <summary>Reads once; returns the number of bytes, 0 at the end of the file, -1 on failure (errno). See read(2).</summary>
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

    /// <summary>Reads once at an offset; returns the number of bytes, 0 at the end of the file, -1 on failure (errno). See
    /// pread(2).</summary>
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

    /// <summary>Writes all bytes of <paramref name="from"/>. See write(2).</summary>
    /// <exception cref="LinuxException">write(2) failed.</exception>
    public void Write(ReadOnlySpan<byte> from)
    {
        while (!from.IsEmpty)
        {
            fixed (byte* p = from)
            {
                long put = (long)write(_fd, p, (size_t)(ulong)from.Length);
                if (put > 0)
                    from = from[(int)put..];
                else if (put == 0) // a file system that accepts nothing without an error: don't retry forever
                    throw new LinuxException("write", Path, EIO);
                else if (errno != EINTR)
                    throw Failed("write");
            }
        }
    }

    /// <summary>Writes all bytes of <paramref name="from"/> at an offset. See pwrite(2).</summary>
    /// <exception cref="LinuxException">pwrite(2) failed.</exception>
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

    /// <summary>Writes in a single write(2), as control files of the kernel require. Returns 0, or the errno.</summary>
    public int TryWriteOnce(ReadOnlySpan<byte> from)
    {
        fixed (byte* p = from)
            return (long)write(_fd, p, (size_t)(ulong)from.Length) == from.Length ? 0 : errno;
    }

    /// <summary>Closes the file and reports errors, unlike <see cref="Dispose"/>. See close(2).</summary>
    /// <exception cref="LinuxException">A delayed write failed (a full disk, for example).</exception>
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

    /// <summary>Moves the descriptor to a new object with another name for messages; this object is then closed.</summary>
    internal Fd Renamed(string path) => new(Interlocked.Exchange(ref _fd, -1), path);

    /// <summary>Gives up ownership and returns the descriptor's number; the caller must close it.</summary>
    public int ReleaseNumber() => Interlocked.Exchange(ref _fd, -1);

    /// <summary>Moves the descriptor into a handle for .NET's own streams.</summary>
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
