using Microsoft.Win32.SafeHandles;
using PreDump.Linux;

namespace PreDump.Images;

/// <summary>A directory of images, held by its descriptor. All its files, and the rounds before it, are looked up from there, as criu
/// does: through whichever symbolic links it was reached, and whatever its path has come to lead to since.</summary>
public sealed class ImageDirectory : IDisposable
{
    // Pagemaps are read in records of some 20 bytes: 64 KiB is 3000 of them for one system call.
    internal const int BufferBytes = 64 * 1024;

    private const int MinBufferBytes = 512;

    private readonly DirectoryFd _directory;

    private ImageDirectory(DirectoryFd directory)
    {
        _directory = directory;
        directory.NameByPresentPath();
    }

    /// <summary>Where it was when it was opened: absolute, without links. For messages.</summary>
    public string Path => _directory.Path;

    /// <summary>Its descriptor, to change what is in it.</summary>
    public DirectoryFd Descriptor => _directory;

    /// <summary>Opens it.</summary>
    /// <exception cref="ImageException">There is no such directory, or it can't be opened.</exception>
    public static ImageDirectory Open(string path) => Adopt(DirectoryFd.TryOpen(path, out int error), path, error);

    /// <summary>Takes over a descriptor, or says why there is none.</summary>
    internal static ImageDirectory Adopt(DirectoryFd? directory, string path, int error) => directory is not null
        ? new ImageDirectory(directory)
        : throw new ImageException(path, error switch
        {
            Errno.ENOENT => "no such directory",
            Errno.ENOTDIR => "is no directory",
            Errno.ELOOP => "too many symbolic links",
            _ => new LinuxException("open", path, error).Message,
        });

    /// <summary>Takes over a descriptor.</summary>
    public static ImageDirectory Adopt(DirectoryFd directory) => new(directory);

    /// <summary>Opens it once more, for another owner.</summary>
    /// <exception cref="ImageException">It can't be opened.</exception>
    public ImageDirectory Reopen() => Adopt(_directory.TryOpenDirectory(".", out int error), Path, error);

    /// <summary>The text of its link to the round before; null where there is none, and where the parent is a plain directory.</summary>
    public string? ParentLink => _directory.ReadLink(ImageNames.Parent);

    /// <summary>Opens the round before; null in a first round.</summary>
    /// <exception cref="ImageException">The link leads nowhere, or to no directory.</exception>
    public ImageDirectory? OpenParent()
    {
        var parent = _directory.TryOpenDirectory(ImageNames.Parent, out int error);
        if (parent is not null || error is not (Errno.ENOENT or Errno.ENOTDIR))
            return Adopt(parent, PathOf(ImageNames.Parent), error);
        string? link = ParentLink;
        return link is null && error == Errno.ENOENT ? null
            : throw new ImageException(PathOf(ImageNames.Parent), link is null ? "is no directory" : $"leads to {link}, which is no directory");
    }

    /// <summary>Whether there is something by a name; a link that leads nowhere is nothing.</summary>
    public bool Has(string name) => _directory.Has(name);

    /// <summary>What is in it, in the order of the characters' codes.</summary>
    public IReadOnlyList<string> Names() => [.. _directory.Names().Order(StringComparer.Ordinal)];

    /// <summary>The path of a file in it, for messages.</summary>
    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();

    /// <summary>Opens an image for reading. What is no plain file is refused, and never waited for.</summary>
    /// <exception cref="ImageException">The file isn't there or can't be opened.</exception>
    public Fd OpenImage(string name) => TryOpenImage(name) ?? throw new ImageException(PathOf(name), "no such file");

    /// <summary>The same; null where there is no such file.</summary>
    /// <exception cref="ImageException">The file is there but can't be opened.</exception>
    public Fd? TryOpenImage(string name)
    {
        var file = _directory.TryOpenRegular(name, out string? problem);
        return problem is null ? file : throw new ImageException(PathOf(name), problem);
    }

    /// <exception cref="ImageException">The file isn't there or can't be opened.</exception>
    internal FileStream OpenStream(string name) => TryOpenStream(name) ?? throw new ImageException(PathOf(name), "no such file");

    /// <param name="name">The image.</param>
    /// <param name="bufferBytes">Less where very many are open at once.</param>
    /// <returns>The file; null where there is none.</returns>
    /// <exception cref="ImageException">The file is there but can't be opened.</exception>
    internal FileStream? TryOpenStream(string name, int bufferBytes = BufferBytes)
    {
        var handle = TryOpenImage(name)?.ReleaseHandle();
        // Most images are small, and a tree may have hundreds.
        return handle is null ? null
            : new FileStream(handle, FileAccess.Read, (int)Math.Clamp(RandomAccess.GetLength(handle), MinBufferBytes, bufferBytes));
    }

    /// <exception cref="ImageException">The file isn't there or can't be opened.</exception>
    internal SafeFileHandle OpenHandle(string name) => OpenImage(name).ReleaseHandle();
}
