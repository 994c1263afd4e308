using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Opens what should be a plain file and may be anything: a directory of images belongs to whoever made it. A FIFO would
/// block the open, a device would do what devices do; both are told apart before they are opened.</summary>
public static unsafe class RegularFile
{
    private const uint S_IFMT = 0xF000, S_IFIFO = 0x1000, S_IFCHR = 0x2000, S_IFDIR = 0x4000, S_IFBLK = 0x6000, S_IFREG = 0x8000, S_IFLNK = 0xA000,
        S_IFSOCK = 0xC000;

    /// <summary>Opens it for reading. Null where it can't be: then <paramref name="problem"/> says why, or is null too where there is
    /// no such file.</summary>
    public static Fd? TryOpenFd(string path, out string? problem)
    {
        using var place = Fd.TryOpen(path, O_PATH, out int error);
        return Reopen(place, path, O_RDONLY, error, out problem);
    }

    /// <summary>The same from an open directory.</summary>
    /// <param name="directory">Where the name is looked up.</param>
    /// <param name="name">The file's.</param>
    /// <param name="flags">Of open(2).</param>
    /// <param name="nofollow">O_NOFOLLOW or 0.</param>
    /// <param name="problem">Why it can't be opened; null where it can, and where there is no such file.</param>
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
        // The very file that was looked at, whatever its name leads to by now.
        var file = Fd.TryOpen($"/proc/self/fd/{place.Number}", flags, out error);
        if (file is null)
            problem = Reason("open", path, error);
        return file?.Renamed(path);
    }

    /// <summary>What it is instead of a plain file; null for a plain one.</summary>
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
            _ => "is no plain file",
        };
    }

    private static string Reason(string call, string path, int error) =>
        error == EACCES || error == EPERM ? "permission denied" : new LinuxException(call, path, error).Message;
}
