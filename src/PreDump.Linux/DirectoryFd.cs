using PreDump.Linux.Interop;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>An open directory. Names are resolved relative to the descriptor (openat(2) and its kin), so the directory stays the
/// same one even if its path is renamed or replaced; symbolic links and <c>..</c> are resolved by the kernel.</summary>
public sealed unsafe class DirectoryFd : IDisposable
{
    private const uint PrivateDirectoryMode = 0b111_000_000, PrivateFileMode = 0b110_000_000;
    private const int PathMax = 4096; // linux/limits.h

    private Fd _fd;

    private DirectoryFd(Fd fd) => _fd = fd;

    /// <summary>The path that it was opened with, for messages.</summary>
    public string Path => _fd.Path;

    /// <summary>The descriptor's number.</summary>
    public int Number => _fd.Number;

    /// <summary>Opens a directory. Returns null on failure and sets <paramref name="error"/> to the errno. See open(2).</summary>
    public static DirectoryFd? TryOpen(string path, out int error) =>
        Fd.TryOpen(path, O_RDONLY | O_DIRECTORY, out error) is { } fd ? new DirectoryFd(fd) : null;

    /// <summary>Opens a directory. See open(2).</summary>
    /// <exception cref="LinuxException">It can't be opened.</exception>
    public static DirectoryFd Open(string path) => TryOpen(path, out int error) ?? throw new LinuxException("open", path, error);

    /// <summary>Opens a directory relative to this one. Returns null on failure and sets <paramref name="error"/> to the errno.
    /// See openat(2).</summary>
    public DirectoryFd? TryOpenDirectory(string name, out int error) =>
        _fd.TryOpenAt(name, O_RDONLY | O_DIRECTORY, out error) is { } fd ? new DirectoryFd(fd) : null;

    /// <summary>Opens a directory in this one that belongs to us or to root; null if there is none, or a symbolic link.</summary>
    public DirectoryFd? TryOpenOwnDirectory(string name)
    {
        var fd = _fd.TryOpenAt(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, out _);
        if (fd is not null && PrivateFile.IsOurs(fd))
            return new DirectoryFd(fd);
        fd?.Dispose();
        return null;
    }

    /// <summary>Creates and opens a directory that no other user may enter (mode 0700). See mkdirat(2).</summary>
    /// <exception cref="LinuxException">EEXIST: it exists already; or it can't be created.</exception>
    public DirectoryFd MakePrivateDirectory(string name)
    {
        Span<byte> buffer = stackalloc byte[CString.MaxLength];
        fixed (byte* at = CString.Terminated(name, buffer))
            if (LibCExtra.mkdirat(Number, at, PrivateDirectoryMode) != 0)
                throw _fd.Failed("mkdir", PathOf(name));
        return TryOpenDirectory(name, out int error) ?? throw new LinuxException("open", PathOf(name), error);
    }

    /// <summary>Creates a file that no other user may read (mode 0600), for writing. See openat(2), O_EXCL.</summary>
    /// <exception cref="LinuxException">EEXIST: the name exists already, even as a symbolic link; or it can't be
    /// created.</exception>
    public Fd CreatePrivate(string name) =>
        _fd.TryOpenAt(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, out int error, (int)PrivateFileMode)
            ?? throw new LinuxException("open", PathOf(name), error);

    /// <summary>Opens a file for appending; made with mode 0600 if it does not exist. A symbolic link is refused.</summary>
    /// <exception cref="LinuxException">It can't be opened.</exception>
    public Fd OpenForAppending(string name) =>
        _fd.TryOpenAt(name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, out int error, (int)PrivateFileMode)
            ?? throw new LinuxException("open", PathOf(name), error);

    /// <summary>Opens an existing regular file for reading; null if there is none or it can't be opened.</summary>
    /// <param name="name">The file's name, relative to this directory; symbolic links are followed.</param>
    /// <param name="problem">Why an existing file can't be opened; otherwise null.</param>
    public Fd? TryOpenRegular(string name, out string? problem) => RegularFile.TryOpen(_fd, name, O_RDONLY, 0, out problem);

    /// <summary>Opens an existing regular file for changing it in place; null if it can't be opened. A symbolic link is refused,
    /// because it could lead to another user's file.</summary>
    /// <param name="name">The file's name, relative to this directory.</param>
    /// <param name="problem">Why it can't be opened; null on success.</param>
    public Fd? TryOpenForUpdate(string name, out string? problem)
    {
        var file = RegularFile.TryOpen(_fd, name, O_RDWR, O_NOFOLLOW, out problem);
        problem ??= file is null ? "no such file" : null;
        return file;
    }

    /// <summary>Whether a path leads to a directory. See faccessat(2).</summary>
    public static bool Exists(string path)
    {
        Span<byte> buffer = stackalloc byte[CString.MaxLength];
        fixed (byte* at = CString.Terminated(path + "/.", buffer))
            return Syscall.FAccessAt(LibCExtra.AT_FDCWD, at) == 0;
    }

    /// <summary>Whether a name exists; false for a dangling symbolic link. See faccessat(2).</summary>
    /// <exception cref="LinuxException">The lookup failed for another reason.</exception>
    public bool Has(string name)
    {
        Span<byte> buffer = stackalloc byte[CString.MaxLength];
        fixed (byte* at = CString.Terminated(name, buffer))
        {
            if (Syscall.FAccessAt(Number, at) == 0)
                return true;
            int error = errno;
            return error == ENOENT || error == ENOTDIR || error == ELOOP ? false : throw _fd.Failed("access", PathOf(name));
        }
    }

    /// <summary>Whether a name exists; true for a dangling symbolic link, too.</summary>
    /// <exception cref="LinuxException">The lookup failed for another reason.</exception>
    public bool HasEntry(string name) => ReadLink(name) is not null || Has(name);

    /// <summary>The target of a symbolic link, unresolved; null if the name does not exist or is not a link. See
    /// readlinkat(2).</summary>
    /// <exception cref="LinuxException">The lookup failed for another reason.</exception>
    public string? ReadLink(string name)
    {
        Span<byte> buffer = stackalloc byte[CString.MaxLength], link = stackalloc byte[PathMax];
        fixed (byte* at = CString.Terminated(name, buffer), to = link)
        {
            int length = (int)readlinkat(Number, at, to, (size_t)(ulong)link.Length);
            if (length >= 0)
                return RawText.Decode(link[..length]);
            int error = errno;
            return error == ENOENT || error == EINVAL || error == ENOTDIR ? null : throw _fd.Failed("readlink", PathOf(name));
        }
    }

    /// <summary>Creates a symbolic link. See symlinkat(2).</summary>
    /// <exception cref="LinuxException">EEXIST: the name exists already; or it can't be created.</exception>
    public void CreateSymlink(string name, string target)
    {
        Span<byte> nameBuffer = stackalloc byte[CString.MaxLength], targetBuffer = stackalloc byte[CString.MaxLength];
        fixed (byte* to = CString.Terminated(target, targetBuffer), at = CString.Terminated(name, nameBuffer))
            if (symlinkat(to, Number, at) != 0)
                throw _fd.Failed("symlink", PathOf(name));
    }

    /// <summary>Renames an entry within this directory, replacing an existing one. See renameat(2).</summary>
    /// <exception cref="LinuxException">ENOENT: there is no such entry; or it can't be renamed.</exception>
    public void Rename(string from, string to) => MoveTo(this, from, to);

    /// <summary>Renames an entry into another directory, replacing an existing one. See renameat(2).</summary>
    /// <exception cref="LinuxException">ENOENT: there is no such entry; or it can't be renamed.</exception>
    public void MoveTo(DirectoryFd other, string from, string to)
    {
        Span<byte> fromBuffer = stackalloc byte[CString.MaxLength], toBuffer = stackalloc byte[CString.MaxLength];
        fixed (byte* a = CString.Terminated(from, fromBuffer), b = CString.Terminated(to, toBuffer))
            if (LibCExtra.renameat(Number, a, other.Number, b) != 0)
                throw _fd.Failed("rename", PathOf(from));
    }

    /// <summary>Exchanges two entries of this directory in one step. See renameat2(2), RENAME_EXCHANGE.</summary>
    /// <exception cref="LinuxException">EINVAL: the file system can't do that; EBUSY: an entry is a mount point.</exception>
    public void Exchange(string name, string other)
    {
        Span<byte> nameBuffer = stackalloc byte[CString.MaxLength], otherBuffer = stackalloc byte[CString.MaxLength];
        fixed (byte* a = CString.Terminated(name, nameBuffer), b = CString.Terminated(other, otherBuffer))
            if (Syscall.Exchange(Number, a, b) != 0)
                throw _fd.Failed("renameat2", PathOf(name));
    }

    /// <summary>Gives a file the same name in another directory, too. Returns 0, or the errno. See linkat(2).</summary>
    public int TryLinkInto(DirectoryFd other, string name)
    {
        Span<byte> buffer = stackalloc byte[CString.MaxLength];
        fixed (byte* at = CString.Terminated(name, buffer))
            return LibCExtra.linkat(Number, at, other.Number, at, 0) == 0 ? 0 : errno;
    }

    /// <summary>Writes what the directory's file system still has in memory to the disk. See syncfs(2).</summary>
    /// <exception cref="LinuxException">Something can't be written.</exception>
    public void SyncFileSystem()
    {
        if (LibCExtra.syncfs(Number) != 0)
            throw _fd.Failed("syncfs");
    }

    /// <summary>Removes a file. Returns 0, or the errno. See unlinkat(2).</summary>
    public int TryUnlink(string name) => Remove(name, 0) == 0 ? 0 : errno;

    /// <summary>Removes a file, if there is one. See unlinkat(2).</summary>
    /// <exception cref="LinuxException">It can't be removed.</exception>
    public void RemoveIfPresent(string name)
    {
        if (TryUnlink(name) is not 0 and not Errno.ENOENT and var error)
            throw new LinuxException("unlink", PathOf(name), error);
    }

    /// <summary>Whether nothing in it may be renamed or removed (chattr +a); false if the file system can't tell. See
    /// ioctl_iflags(2).</summary>
    public bool IsAppendOnly
    {
        get
        {
            const int FS_IOC_GETFLAGS = unchecked((int)0x80086601); // _IOR('f', 1, long)
            const long FS_APPEND_FL = 0x20;
            long flags = 0;
            return ioctl(Number, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_APPEND_FL) != 0;
        }
    }

    /// <summary>Removes an empty directory; errors are ignored. See unlinkat(2), AT_REMOVEDIR.</summary>
    public void TryRemoveDirectory(string name) => _ = Remove(name, LibCExtra.AT_REMOVEDIR);

    /// <summary>Removes a directory of ours and all that is in it, as far as possible: errors are ignored. A symbolic link is not
    /// followed.</summary>
    public void TryRemoveTree(string name)
    {
        using (var directory = TryOpenOwnDirectory(name))
            directory?.Clear();
        TryRemoveDirectory(name);
    }

    /// <summary>Removes all that is in it, as far as possible: errors are ignored.</summary>
    public void Clear()
    {
        foreach (string name in Names())
            if (TryUnlink(name) == EISDIR)
                TryRemoveTree(name);
    }

    /// <summary>The names of all entries except <c>.</c> and <c>..</c>, unsorted. See getdents64(2).</summary>
    /// <exception cref="LinuxException">The directory can't be read.</exception>
    public IReadOnlyList<string> Names()
    {
        using var again = _fd.TryOpenAt(".", O_RDONLY | O_DIRECTORY, out int error) // with its own position
            ?? throw new LinuxException("open", Path, error);
        return DirectoryEntries.Names(again);
    }

    /// <summary>The device and inode numbers, equal for every path to this directory. See fstat(2).</summary>
    /// <exception cref="LinuxException">fstat(2) failed.</exception>
    public (ulong Device, ulong Inode) Identity
    {
        get
        {
            stat status;
            return fstat(Number, &status) == 0 ? ((ulong)status.st_dev, (ulong)status.st_ino) : throw _fd.Failed("fstat");
        }
    }

    /// <summary>The directory's current path: absolute and without symbolic links. See proc_pid_fd(5).</summary>
    public string PresentPath()
    {
        using var descriptors = TryOpen("/proc/self/fd", out _);
        return descriptors?.ReadLink($"{Number}") ?? Path;
    }

    /// <summary>Sets <see cref="Path"/> to the current path, for later messages.</summary>
    public void NameByPresentPath() => _fd = _fd.Renamed(PresentPath());

    /// <summary>Whether a path currently leads to this directory.</summary>
    public bool IsAt(string path)
    {
        using var there = TryOpen(path, out _);
        return there?.Identity == Identity;
    }

    /// <summary>Takes over the owner, where we may, and the mode of another directory. See fchown(2), fchmod(2).</summary>
    /// <exception cref="LinuxException">The mode can't be set.</exception>
    public void LookLike(DirectoryFd other) => _fd.LookLike(other._fd);

    /// <summary>Takes an exclusive lock without waiting; false if another process holds it. The lock lasts until this descriptor
    /// is closed. See flock(2).</summary>
    /// <exception cref="LinuxException">flock(2) failed for another reason.</exception>
    public bool TryLock() => LibCExtra.flock(Number, LibCExtra.LOCK_EX | LibCExtra.LOCK_NB) == 0
        ? true
        : errno == EAGAIN ? false : throw _fd.Failed("flock");

    /// <summary>The path of an entry in this directory, for messages.</summary>
    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <inheritdoc/>
    public void Dispose() => _fd.Dispose();

    private int Remove(string name, int flags)
    {
        Span<byte> buffer = stackalloc byte[CString.MaxLength];
        fixed (byte* path = CString.Terminated(name, buffer))
            return unlinkat(Number, path, flags);
    }
}
