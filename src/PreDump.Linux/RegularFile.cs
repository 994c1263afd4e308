using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Opens untrusted paths that should be regular files: an images directory may contain anything. Opening a FIFO would
/// block, and opening a device may have side effects, so the file type is checked first, through an O_PATH descriptor. See
/// open(2).</summary>
public static unsafe class RegularFile
{
    private const uint S_IFMT = 0xF000, S_IFIFO = 0x1000, S_IFCHR = 0x2000, S_IFDIR = 0x4000, S_IFBLK = 0x6000, S_IFREG = 0x8000;
    private const uint S_IFLNK = 0xA000, S_IFSOCK = 0xC000;

    /// <summary>Opens a file for reading. Returns null if there is none, or if it can't be opened: then
    /// <paramref name="problem"/> says why.</summary>
    public static Fd? TryOpenForReading(string path, out string? problem)
    {
        using var place = Fd.TryOpen(path, O_PATH, out int error);
        return Reopen(place, path, O_RDONLY, error, out problem);
    }

    /// <summary>Opens a file relative to a directory. Returns null if there is none or it can't be opened.</summary>
    /// <param name="directory">The directory in which the name is looked up.</param>
    /// <param name="name">The file's name.</param>
    /// <param name="flags">The access mode: O_RDONLY or O_RDWR.</param>
    /// <param name="nofollow">O_NOFOLLOW to refuse a symbolic link, 0 to follow it.</param>
    /// <param name="problem">Why it can't be opened; null on success and if there is no such file.</param>
    internal static Fd? TryOpen(Fd directory, string name, int flags, int nofollow, out string? problem)
    {
        using var place = directory.TryOpenAt(name, O_PATH | nofollow, out int error);
        return Reopen(place, Path.Combine(directory.Path, name), flags, error, out problem);
    }

    private static Fd? Reopen(Fd? place, string path, int flags, int error, out string? problem)
    {
        problem = null;
        if (place is null)
        {
            if (error != ENOENT && error != ENOTDIR)
                problem = Reason("open", path, error);
            return null;
        }
        problem = NameOfKind(place);
        if (problem is not null)
            return null;
        // Opens exactly the file that was checked, even if the path has been replaced since.
        var file = Fd.TryOpen($"/proc/self/fd/{place.Number}", flags, out error);
        if (file is null)
            problem = Reason("open", path, error);
        return file?.Renamed(path);
    }

    /// <summary>What the file is if it is not a regular one, as the end of a sentence; null for a regular file.</summary>
    /// <exception cref="LinuxException">fstat(2) failed.</exception>
    internal static string? NameOfKind(Fd file)
    {
        stat status;
        if (fstat(file.Number, &status) != 0)
            throw file.Failed("fstat");
        return ((uint)status.st_mode & S_IFMT) switch
        {
            S_IFREG => null,
            S_IFDIR => "is a directory, not a file",
            S_IFIFO => "is a FIFO, not a file",
            S_IFLNK => "is a symbolic link, not a file",
            S_IFCHR or S_IFBLK => "is a device, not a file",
            S_IFSOCK => "is a socket, not a file",
            _ => "is not a regular file",
        };
    }

    private static string Reason(string call, string path, int error) =>
        error == EACCES || error == EPERM ? "permission denied" : new LinuxException(call, path, error).Message;
}
