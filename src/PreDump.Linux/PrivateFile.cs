using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Files beside the images that nobody else may read, and that may be there already: a log, statistics, a pid file.</summary>
public static unsafe class PrivateFile
{
    private const int Mode = 0b110_000_000;

    /// <summary>Creates a file that nobody else may read, or empties the one that is there and takes it from the others. It follows no
    /// link, and takes nobody else's file; a FIFO or a device is opened as it is, without waiting for a reader.</summary>
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

    /// <summary>Whether nobody but this user and root may have written a file.</summary>
    public static bool IsOnlyOurs(Fd file)
    {
        stat status;
        if (fstat(file.Number, &status) != 0)
            throw file.Failed("fstat");
        return ((uint)status.st_uid == 0 || (uint)status.st_uid == (uint)geteuid()) && ((uint)status.st_mode & 0b010_010) == 0;
    }

    /// <summary>Finds out, with nothing changed, whether <see cref="CreateOrTruncate"/> would take the file that is there.</summary>
    /// <exception cref="LinuxException">It would not.</exception>
    public static void RefuseForeign(string path)
    {
        using var file = Fd.TryOpen(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, out int error);
        if (file is null && error != ENOENT)
            throw new LinuxException("open", path, error);
        if (file is not null)
            _ = IsPlain(file);
    }

    // A FIFO or a device is as private as it is: false. A plain file of somebody else's is refused.
    private static bool IsPlain(Fd file)
    {
        if (RegularFile.NameOfKind(file) is not null)
            return false;
        stat status;
        if (fstat(file.Number, &status) != 0)
            throw file.Failed("fstat");
        // Its owner could open it again, or has it open; and a second name may be anybody's.
        if ((uint)status.st_uid != (uint)geteuid() || (ulong)status.st_nlink != 1)
            throw new LinuxException("open", $"{file.Path}, a file of another user or with a second name", EEXIST);
        return true;
    }

    private static void TakeFromOthers(Fd file)
    {
        if (!IsPlain(file))
            return;
        if (fchmod(file.Number, (mode_t)(uint)Mode) != 0)
            throw file.Failed("fchmod");
        if (ftruncate(file.Number, 0) != 0)
            throw file.Failed("ftruncate");
    }
}
