using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Files next to the images that only this user may read, and that may exist already: a log, statistics, a pid
/// file.</summary>
public static unsafe class PrivateFile
{
    private const int Mode = 0b110_000_000;

    /// <summary>Creates a file with mode 0600, or truncates an existing one and sets its mode. Refuses a symbolic link, and a
    /// file that belongs to another user or has other hard links. A FIFO or a device is opened unchanged, without waiting for a
    /// reader.</summary>
    /// <exception cref="LinuxException">EEXIST: the file is refused; or it can't be opened.</exception>
    public static Fd CreateOrTruncate(string path)
    {
        var file = Fd.Open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, Mode);
        try
        {
            TakeFromOthers(file);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file of ours for adding to its end; creates it if there is none. See open(2), O_APPEND.</summary>
    /// <exception cref="LinuxException">It can't be opened, or is another user's.</exception>
    public static Fd OpenForAppending(string path)
    {
        var file = Fd.Open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, Mode);
        try
        {
            _ = IsOwnRegularFile(file);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether only this user and root can write a file, according to its owner and mode. See fstat(2).</summary>
    /// <exception cref="LinuxException">fstat(2) failed.</exception>
    public static bool IsWritableOnlyByUs(Fd file)
    {
        stat status;
        if (fstat(file.Number, &status) != 0)
            throw file.Failed("fstat");
        return IsOurs(status) && ((uint)status.st_mode & 0b010_010) == 0;
    }

    /// <summary>Whether a file belongs to us or to root. See fstat(2).</summary>
    /// <exception cref="LinuxException">fstat(2) failed.</exception>
    internal static bool IsOurs(Fd file)
    {
        stat status;
        return fstat(file.Number, &status) == 0 ? IsOurs(status) : throw file.Failed("fstat");
    }

    private static bool IsOurs(in stat status) => (uint)status.st_uid == 0 || (uint)status.st_uid == (uint)geteuid();

    /// <summary>Checks that <see cref="CreateOrTruncate"/> would accept an existing file, without changing it.</summary>
    /// <exception cref="LinuxException">It would refuse the file.</exception>
    public static void RefuseForeign(string path)
    {
        using var file = Fd.TryOpen(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, out int error);
        if (file is null && error != ENOENT)
            throw new LinuxException("open", path, error);
        if (file is not null)
            _ = IsOwnRegularFile(file);
    }

    // False for a FIFO or a device, whose mode is not ours to change. Throws for another user's regular file.
    private static bool IsOwnRegularFile(Fd file)
    {
        if (RegularFile.NameOfKind(file) is not null)
            return false;
        stat status;
        if (fstat(file.Number, &status) != 0)
            throw file.Failed("fstat");
        // Its owner may have it open, and another hard link may be in another user's directory.
        if ((uint)status.st_uid != (uint)geteuid() || (ulong)status.st_nlink != 1)
            throw new LinuxException("open", $"{file.Path}, which belongs to another user or has other hard links", EEXIST);
        return true;
    }

    private static void TakeFromOthers(Fd file)
    {
        if (!IsOwnRegularFile(file))
            return;
        if (fchmod(file.Number, (mode_t)(uint)Mode) != 0)
            throw file.Failed("fchmod");
        if (ftruncate(file.Number, 0) != 0)
            throw file.Failed("ftruncate");
    }
}
