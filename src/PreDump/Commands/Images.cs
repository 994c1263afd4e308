using PreDump.Core;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Commands;

/// <summary>Opens the images that a command line names.</summary>
internal static class Images
{
    /// <summary>Opens a directory.</summary>
    /// <exception cref="PreDumpException">It is no directory, or can't be opened.</exception>
    public static ImageDirectory Open(string directory) => TryOpen(directory, out int error)
        ?? throw new PreDumpException(error is Errno.ENOENT or Errno.ENOTDIR
            ? $"images directory {directory} does not exist"
            : new LinuxException("open", directory, error).Message);

    /// <summary>The same; null where it can't be opened, with the errno.</summary>
    public static ImageDirectory? TryOpen(string directory, out int error) =>
        DirectoryFd.TryOpen(directory, out error) is { } open ? ImageDirectory.Adopt(open) : null;
}
