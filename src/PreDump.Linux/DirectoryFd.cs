using System.Text;
using PreDump.Linux.Interop;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>An open directory, closed by <see cref="Dispose"/>. Names are looked up in this very directory (openat(2) and its kin),
/// whatever its path has come to lead to since; symbolic links and <c>..</c> in them mean what the kernel makes of them.</summary>
public sealed unsafe class DirectoryFd : IDisposable
{
    private const uint PrivateDirectoryMode = 0b111_000_000, PrivateFileMode = 0b110_000_000;
    private const int PathMax = 4096; // linux/limits.h

    private Fd _fd;

    private DirectoryFd(Fd fd) => _fd = fd;

    /// <summary>The path it was opened by, for messages.</summary>
    public string Path => _fd.Path;

    /// <summary>The descriptor's number.</summary>
    public int Number => _fd.Number;

    /// <summary>Opens a directory; null where that fails, with the errno.</summary>
    public static DirectoryFd? TryOpen(string path, out int error) =>
        Fd.TryOpen(path, O_RDONLY | O_DIRECTORY, out error) is { } fd ? new DirectoryFd(fd) : null;

    /// <summary>Opens a directory.</summary>
    /// <exception cref="LinuxException">It can't be opened.</exception>
    public static DirectoryFd Open(string path) => TryOpen(path, out int error) ?? throw new LinuxException("open", path, error);

    /// <summary>Opens a directory from here; null where that fails, with the errno.</summary>
    public DirectoryFd? TryOpenDirectory(string name, out int error) =>
        _fd.TryOpenAt(name, O_RDONLY | O_DIRECTORY, out error) is { } fd ? new DirectoryFd(fd) : null;

    /// <summary>mkdirat(2): a new directory that no other user may enter (0700).</summary>
    /// <exception cref="LinuxException">It is there already, or can't be made.</exception>
    public DirectoryFd MakePrivateDirectory(string name)
    {
        Span<byte> buffer = stackalloc byte[CString.MaxLength];
        fixed (byte* at = CString.Terminated(name, buffer))
            if (LibCExtra.mkdirat(Number, at, PrivateDirectoryMode) != 0)
                throw _fd.Failed("mkdir", PathOf(name));
        return TryOpenDirectory(name, out int error) ?? throw new LinuxException("open", PathOf(name), error);
    }

    /// <summary>Creates a file that no other user may read (0600). It must not exist, nor be a link.</summary>
    /// <exception cref="LinuxException">EEXIST, or it can't be made.</exception>
    public Fd CreatePrivate(string name) =>
        _fd.TryOpenAt(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, out int error, (int)PrivateFileMode)
            ?? throw new LinuxException("open", PathOf(name), error);

    /// <summary>An existing plain file, to be read; null where there is none.</summary>
    /// <param name="name">From here; links are followed.</param>
    /// <param name="problem">Why a file that is there can't be opened; else null.</param>
    public Fd? TryOpenPlain(string name, out string? problem) => RegularFile.TryOpen(_fd, name, O_RDONLY, 0, out problem);

    /// <summary>An existing plain file, to be changed in place. A symbolic link is refused, since it could lead to anybody's file.</summary>
    /// <param name="name">From here.</param>
    /// <param name="problem">Why it can't be opened; null where it can.</param>
    public Fd? TryOpenForUpdate(string name, out string? problem)
    {
        var file = RegularFile.TryOpen(_fd, name, O_RDWR, O_NOFOLLOW, out problem);
        problem ??= file is null ? "no such file" : null;
        return file;
    }

    /// <summary>Whether a path leads to a directory (faccessat(2)).</summary>
    public static bool IsThere(string path)
    {
        Span<byte> buffer = stackalloc byte[CString.MaxLength];
        fixed (byte* at = CString.Terminated(path + "/.", buffer))
            return LibCExtra.faccessat(LibCExtra.AT_FDCWD, at, LibCExtra.F_OK, 0) == 0;
    }

    /// <summary>Whether there is something by a name; a link that leads nowhere is nothing (faccessat(2)).</summary>
    /// <exception cref="LinuxException">That can't be told.</exception>
    public bool Has(string name)
    {
        Span<byte> buffer = stackalloc byte[CString.MaxLength];
        fixed (byte* at = CString.Terminated(name, buffer))
        {
            if (LibCExtra.faccessat(Number, at, LibCExtra.F_OK, 0) == 0)
                return true;
            return errno is var error && error != ENOENT && error != ENOTDIR && error != ELOOP ? throw _fd.Failed("access", PathOf(name)) : false;
        }
    }

    /// <summary>Whether a name is taken, be it by a link that leads nowhere.</summary>
    /// <exception cref="LinuxException">That can't be told.</exception>
    public bool HasEntry(string name) => LinkOf(name) is not null || Has(name);

    /// <summary>The text of a symbolic link (readlinkat(2)); null where there is none.</summary>
    /// <exception cref="LinuxException">That can't be told.</exception>
    public string? LinkOf(string name)
    {
        Span<byte> buffer = stackalloc byte[CString.MaxLength], link = stackalloc byte[PathMax];
        fixed (byte* at = CString.Terminated(name, buffer), to = link)
        {
            int length = (int)readlinkat(Number, at, to, (size_t)(ulong)link.Length);
            if (length >= 0)
                return Encoding.UTF8.GetString(link[..length]);
            return errno is var error && error != ENOENT && error != EINVAL && error != ENOTDIR ? throw _fd.Failed("readlink", PathOf(name)) : null;
        }
    }

    /// <summary>Makes a symbolic link (symlinkat(2)).</summary>
    /// <exception cref="LinuxException">EEXIST, or it can't be made.</exception>
    public void Link(string name, string target)
    {
        Span<byte> nameBuffer = stackalloc byte[CString.MaxLength], targetBuffer = stackalloc byte[CString.MaxLength];
        fixed (byte* to = CString.Terminated(target, targetBuffer), at = CString.Terminated(name, nameBuffer))
            if (symlinkat(to, Number, at) != 0)
                throw _fd.Failed("symlink", PathOf(name));
    }

    /// <summary>Renames within this directory; what has the new name is replaced (renameat(2)).</summary>
    /// <exception cref="LinuxException">ENOENT, or it can't be renamed.</exception>
    public void Rename(string from, string to) => MoveTo(this, from, to);

    /// <summary>Moves a file into another directory, by a rename (renameat(2)).</summary>
    /// <exception cref="LinuxException">ENOENT, or it can't be moved.</exception>
    public void MoveTo(DirectoryFd other, string from, string to)
    {
        Span<byte> fromBuffer = stackalloc byte[CString.MaxLength], toBuffer = stackalloc byte[CString.MaxLength];
        fixed (byte* a = CString.Terminated(from, fromBuffer), b = CString.Terminated(to, toBuffer))
            if (LibCExtra.renameat(Number, a, other.Number, b) != 0)
                throw _fd.Failed("rename", PathOf(from));
    }

    /// <summary>Removes a file (unlinkat(2)); an error is ignored.</summary>
    public void TryUnlink(string name) => _ = Remove(name, 0);

    /// <summary>Removes an empty directory (unlinkat(2), AT_REMOVEDIR); an error is ignored.</summary>
    public void TryRemoveDirectory(string name) => _ = Remove(name, LibCExtra.AT_REMOVEDIR);

    /// <summary>What is in it, by name, in no order; <c>.</c> and <c>..</c> are left out (getdents64(2)).</summary>
    /// <exception cref="LinuxException">It can't be read.</exception>
    public IReadOnlyList<string> Names()
    {
        using var again = _fd.TryOpenAt(".", O_RDONLY | O_DIRECTORY, out int error) // with a position of its own
            ?? throw new LinuxException("open", Path, error);
        return DirectoryEntries.Names(again);
    }

    /// <summary>Which directory it is, whatever its names (fstat(2)).</summary>
    public (ulong Device, ulong Inode) Identity
    {
        get
        {
            stat status;
            return fstat(Number, &status) == 0 ? ((ulong)status.st_dev, (ulong)status.st_ino) : throw _fd.Failed("fstat");
        }
    }

    /// <summary>Its present path: absolute, without links (proc(5), /proc/PID/fd).</summary>
    public string PresentPath()
    {
        using var descriptors = TryOpen("/proc/self/fd", out _);
        return descriptors?.LinkOf($"{Number}") ?? Path;
    }

    /// <summary>From now on messages have its present path.</summary>
    public void NameByPresentPath() => _fd = _fd.Renamed(PresentPath());

    /// <summary>Whether a path leads to this directory at present.</summary>
    public bool IsAt(string path)
    {
        using var there = TryOpen(path, out _);
        return there?.Identity == Identity;
    }

    /// <summary>flock(2) without waiting: false where another process has it. It ends with this descriptor, or with us.</summary>
    public bool TryLock() => LibCExtra.flock(Number, LibCExtra.LOCK_EX | LibCExtra.LOCK_NB) == 0
        ? true
        : errno == EAGAIN ? false : throw _fd.Failed("flock");

    /// <summary>The path of a file in it, for messages.</summary>
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
