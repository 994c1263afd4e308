using System.Globalization;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>The file that a log goes to: a <see cref="PrivateFile"/>, or what the name of one leads to, as far as no other user
/// can have a hand in it:
/// <code>
///   /dev/stdout, /dev/stderr, /dev/fd/N, /proc/self/fd/N     the descriptor itself, at its present position
///   a symbolic link of ours or root's, in a directory        what it points to, by the same rules
///     that only we and root can write
///   a FIFO                                                   once it has a reader
/// </code></summary>
public static unsafe class LogFile
{
    private const int MostLinks = 40; // as the kernel's
    private const int PathMax = 4096; // linux/limits.h
    private const int ReaderPollMicroseconds = 10_000, ReaderPolls = 100;

    /// <summary>Opens it for writing. A regular file is created or truncated, and has mode 0600.</summary>
    /// <exception cref="LinuxException">EEXIST: another user's file or link; ENXIO: a FIFO that nobody reads for a second; or it
    /// can't be opened.</exception>
    public static Fd Open(string path)
    {
        for (int links = 0; links < MostLinks; links++)
        {
            if (DescriptorIn(path) is { } fd)
                return Writable(fd, path);
            if (TryOpen(path) is { } file)
                return file;
            path = TargetOf(path);
        }
        throw new LinuxException("open", path, ELOOP);
    }

    /// <summary>Opens an existing one, to go on at its end; null if that is not possible.</summary>
    public static Fd? TryOpenAgain(string path) =>
        Fd.TryOpen(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, out _);

    /// <summary>The descriptor of our own that a path stands for; null: none.</summary>
    public static int? DescriptorIn(string path)
    {
        if (path is "/dev/stdin" or "/dev/stdout" or "/dev/stderr")
            return path switch { "/dev/stdin" => 0, "/dev/stdout" => 1, _ => 2 };
        foreach (var directory in (ReadOnlySpan<string>)["/dev/fd/", "/proc/self/fd/"])
            if (path.StartsWith(directory, StringComparison.Ordinal)
                && int.TryParse(path.AsSpan(directory.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int fd))
                return fd;
        return null;
    }

    // A second descriptor of the same open file, which may be a socket: that could not be opened again.
    private static Fd Writable(int fd, string path)
    {
        const int F_GETFL = 3, O_ACCMODE = 3;
        int flags = fcntl(fd, F_GETFL);
        if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
            throw new LinuxException("open", path, flags < 0 ? errno : EACCES);
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return copy >= 0 ? Fd.Adopt(copy, path) : throw new LinuxException("dup", path, errno);
    }

    // Null for a symbolic link.
    private static Fd? TryOpen(string path)
    {
        for (int poll = 0; ; poll++)
            try
            {
                var file = PrivateFile.CreateOrTruncate(path);
                _ = fcntl(file.Number, F_SETFL, 0); // a slow reader of a FIFO is waited for
                return file;
            }
            catch (LinuxException e) when (e.Errno == ELOOP)
            {
                return null;
            }
            catch (LinuxException e) when (e.Errno == ENXIO && poll < ReaderPolls)
            {
                FreezeThread.Pause(ReaderPollMicroseconds);
            }
    }

    private static string TargetOf(string path)
    {
        string name = Path.GetFileName(path), folder = path[..^name.Length];
        using var directory = Fd.Open(folder.Length > 0 ? folder : ".", O_PATH | O_DIRECTORY);
        using var link = directory.TryOpenAt(name, O_PATH | O_NOFOLLOW, out int error)
            ?? throw new LinuxException("open", path, error);
        if (!PrivateFile.IsWritableOnlyByUs(directory) || !PrivateFile.IsOurs(link))
            throw new LinuxException("open", $"{path}, a symbolic link that another user could have made", EEXIST);
        Span<byte> target = stackalloc byte[PathMax];
        byte itself = 0; // an empty name
        fixed (byte* to = target)
        {
            int length = (int)readlinkat(link.Number, &itself, to, (size_t)(ulong)target.Length);
            return length > 0 ? Path.Combine(folder, RawText.Decode(target[..length])) : throw link.Failed("readlink");
        }
    }
}
