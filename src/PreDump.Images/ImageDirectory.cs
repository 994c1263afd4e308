using Microsoft.Win32.SafeHandles;
using PreDump.Linux;

namespace PreDump.Images;

/// <summary>An open directory of images. Its files and its parent are looked up relative to its descriptor, as criu does, so they
/// do not depend on the symbolic links in its path or on whether the path has been replaced since.</summary>
public sealed class ImageDirectory : IDisposable
{
    // A pagemap's records have about 20 bytes: one system call reads 3000 of them.
    internal const int BufferBytes = 64 * 1024;

    private const int MinBufferBytes = 512;

    private readonly DirectoryFd _directory;
    private bool? _isStripe; // asked once: a mark neither comes nor goes

    private ImageDirectory(DirectoryFd directory)
    {
        _directory = directory;
        directory.NameByPresentPath();
    }

    /// <summary>The directory's path when it was opened: absolute and without symbolic links, for messages.</summary>
    public string Path => _directory.Path;

    /// <summary>The descriptor, for changing the directory's contents.</summary>
    public DirectoryFd Descriptor => _directory;

    /// <summary>Opens a directory of images.</summary>
    /// <exception cref="ImageException">There is no such directory, or it can't be opened.</exception>
    public static ImageDirectory Open(string path) => Adopt(DirectoryFd.TryOpen(path, out int error), path, error);

    /// <summary>Takes ownership of a descriptor, or throws for the error of opening it.</summary>
    /// <exception cref="ImageException">The descriptor is null.</exception>
    internal static ImageDirectory Adopt(DirectoryFd? directory, string path, int error) => directory is not null
        ? new ImageDirectory(directory)
        : throw new ImageException(path, error switch
        {
            Errno.ENOENT => "no such directory",
            Errno.ENOTDIR => "is not a directory",
            Errno.ELOOP => "too many symbolic links",
            _ => new LinuxException("open", path, error).Message,
        });

    /// <summary>Takes ownership of a descriptor.</summary>
    public static ImageDirectory Adopt(DirectoryFd directory) => new(directory);

    /// <summary>Opens the directory again, for another owner.</summary>
    /// <exception cref="ImageException">It can't be opened.</exception>
    public ImageDirectory Reopen() => Adopt(_directory.TryOpenDirectory(".", out int error), Path, error);

    /// <summary>The target of the link to the previous round; null if there is none, or if the parent is a directory instead of a
    /// link.</summary>
    public string? ParentLink => _directory.ReadLink(ImageNames.Parent);

    /// <summary>Whether this is a stripe in another round's directory (<see cref="ImageNames.Stripes"/>).</summary>
    public bool IsStripe => _isStripe ??= Has(ImageNames.StripeMark);

    /// <summary>Whether the parent link leads to stripes of this round.</summary>
    public bool IsStriped => ParentLink?.StartsWith($"{ImageNames.Stripes}/", StringComparison.Ordinal) == true;

    /// <summary>Opens the previous round, or the stripe before; null in a first round.</summary>
    /// <exception cref="ImageException">The link is dangling, or does not lead to a directory.</exception>
    public ImageDirectory? OpenParent()
    {
        var parent = _directory.TryOpenDirectory(ImageNames.Parent, out int error);
        if (parent is not null || error is not (Errno.ENOENT or Errno.ENOTDIR))
            return Adopt(parent, PathOf(ImageNames.Parent), error);
        string? link = ParentLink;
        if (link is null && error == Errno.ENOENT)
            return null;
        throw new ImageException(PathOf(ImageNames.Parent),
            link is null ? "is not a directory" : $"leads to {link}, which is not a directory");
    }

    /// <summary>Whether a name exists; false for a dangling symbolic link.</summary>
    public bool Has(string name) => _directory.Has(name);

    /// <summary>The names of all entries, in ordinal order.</summary>
    /// <exception cref="LinuxException">The directory can't be read.</exception>
    public IReadOnlyList<string> Names() => [.. _directory.Names().Order(StringComparer.Ordinal)];

    /// <summary>The path of an entry, for messages.</summary>
    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();

    /// <summary>Opens an image for reading. Anything but a regular file is refused without blocking.</summary>
    /// <exception cref="ImageException">The file does not exist or can't be opened.</exception>
    public Fd OpenImage(string name) => TryOpenImage(name) ?? throw new ImageException(PathOf(name), "no such file");

    /// <summary>Opens an image for reading, as <see cref="OpenImage"/> does; null if there is no such file.</summary>
    /// <exception cref="ImageException">The file exists but can't be opened.</exception>
    public Fd? TryOpenImage(string name)
    {
        var file = _directory.TryOpenRegular(name, out string? problem);
        return problem is null ? file : throw new ImageException(PathOf(name), problem);
    }

    /// <summary>Opens an image as a buffered stream.</summary>
    /// <exception cref="ImageException">The file does not exist or can't be opened.</exception>
    internal FileStream OpenStream(string name) => TryOpenStream(name) ?? throw new ImageException(PathOf(name), "no such file");

    /// <summary>Opens an image as a buffered stream; null if there is no such file.</summary>
    /// <param name="name">The image's file name.</param>
    /// <param name="bufferBytes">The maximum size of the stream's buffer.</param>
    /// <exception cref="ImageException">The file exists but can't be opened.</exception>
    internal FileStream? TryOpenStream(string name, int bufferBytes = BufferBytes)
    {
        var handle = TryOpenImage(name)?.ReleaseHandle();
        // Most images are small, and a tree may have hundreds of them.
        if (handle is null)
            return null;
        int buffer = (int)Math.Clamp(RandomAccess.GetLength(handle), MinBufferBytes, bufferBytes);
        return new FileStream(handle, FileAccess.Read, buffer);
    }

    /// <summary>Opens an image for random access.</summary>
    /// <exception cref="ImageException">The file does not exist or can't be opened.</exception>
    internal SafeFileHandle OpenHandle(string name) => OpenImage(name).ReleaseHandle();
}
