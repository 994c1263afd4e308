using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Sinks;

/// <summary>The directory that the images go into. Until <see cref="Complete"/> has put the inventory in its place nothing in it
/// looks like a whole set of images; <see cref="Dispose"/> without it removes what was written.</summary>
public sealed class RoundDirectory : IDisposable
{
    private readonly DirectoryFd _directory;
    private readonly List<string> _created = [];
    private bool _complete;

    private RoundDirectory(DirectoryFd directory, string path) => (_directory, Path) = (directory, path);

    /// <summary>As the user gave it.</summary>
    public string Path { get; }

    /// <summary>Opens a directory that is there, writable, and holds no images.</summary>
    /// <exception cref="PreDumpException">It is not so.</exception>
    public static RoundDirectory Open(string path)
    {
        var fd = DirectoryFd.TryOpen(path, out int error) ?? throw new PreDumpException(error switch
        {
            Errno.ENOENT => $"images directory {path} does not exist: make it first (mkdir -p {path})",
            Errno.ENOTDIR => $"images directory {path} is not a directory: give a directory",
            Errno.EACCES => $"images directory {path} may not be opened by this user: use another one, or run as root",
            _ => new LinuxException("open", path, error).Message,
        }, RoundInput.ImagesDirectory);
        var directory = new RoundDirectory(fd, path);
        try
        {
            directory.RefuseImages();
            directory.RefuseUnwritable();
            return directory;
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    /// <summary>Creates an image, mode 0600: it is a task's memory. It must not exist.</summary>
    public Fd Create(string name)
    {
        var fd = _directory.CreatePrivate(name);
        _created.Add(name);
        return fd;
    }

    /// <summary>Makes the link to the parent images, as CRIU follows it; one that is there must say the same.</summary>
    /// <param name="target">Relative to this directory.</param>
    public void LinkParent(string target)
    {
        if (ParentLink is { } present)
        {
            if (present != target)
                throw new PreDumpException($"images directory {Path} has a parent link to {present}, but {target} is to be the parent: "
                    + "use an empty directory, or give the same parent", RoundInput.Parent);
            return;
        }
        _directory.CreateSymlink(ImageNames.Parent, target);
        _created.Add(ImageNames.Parent);
    }

    /// <summary>The text of the link to the parent images; null where there is none.</summary>
    public string? ParentLink => _directory.ReadLink(ImageNames.Parent);

    /// <summary>Whether the inventory is in its place.</summary>
    public bool IsComplete => _complete;

    /// <summary>Puts the inventory in its place by a rename, the last step: now the images are whole.</summary>
    /// <exception cref="PreDumpException">Somebody has taken away the directory, or files in it, while we were writing.</exception>
    public void Complete(ReadOnlySpan<byte> inventory)
    {
        using (var fd = Create(ImageNames.NewInventory))
        {
            fd.Write(inventory);
            fd.Close();
        }
        if ((_directory.IsAt(Path) ? _created.Find(name => !_directory.HasEntry(name)) : _created[0]) is { } lost) // the next round uses the path
            throw new PreDumpException($"{lost} is not in images directory {Path} any more: the directory was renamed, unmounted or "
                + "cleared while predump was writing; use another one");
        _directory.Rename(ImageNames.NewInventory, ImageNames.Inventory);
        _complete = true;
    }

    /// <summary>Moves files here out of another directory: now the images are whole, without an inventory of their own.</summary>
    /// <param name="other">The other directory.</param>
    /// <param name="last">The file that is moved last, and says that all are here.</param>
    /// <exception cref="PreDumpException">Another one has put a file of such a name here.</exception>
    public void TakeFrom(DirectoryFd other, string last)
    {
        foreach (string name in other.Names().Where(name => name != last).Append(last))
        {
            if (_directory.HasEntry(name))
                throw new PreDumpException($"{name} has come into images directory {Path} while images were being received: use an empty directory for each round");
            other.MoveTo(_directory, name, name);
            _created.Add(name);
        }
        _complete = true;
    }

    /// <summary>Its descriptor, to make directories in it.</summary>
    public DirectoryFd Descriptor => _directory;

    /// <summary>Its path at present: absolute, without links.</summary>
    public string PresentPath => _directory.PresentPath();

    /// <summary>Opens it as images, to read what was written.</summary>
    /// <exception cref="LinuxException">It can't be opened.</exception>
    public ImageDirectory OpenImages() =>
        ImageDirectory.Adopt(_directory.TryOpenDirectory(".", out int error) ?? throw new LinuxException("open", Path, error));

    /// <summary>Opens the images of the round before.</summary>
    /// <param name="previous">Relative to this directory, as the kernel follows it, and criu.</param>
    /// <exception cref="PreDumpException">It is no such path, or no other directory.</exception>
    public ImageDirectory OpenPrevious(string previous)
    {
        if (System.IO.Path.IsPathRooted(previous))
            throw new PreDumpException($"the parent {previous} is an absolute path: CRIU wants one relative to the images directory, such as ../1",
                RoundInput.Parent);
        return OpenLinked(previous);
    }

    /// <summary>The same of a link that is there already, which may be absolute.</summary>
    /// <exception cref="PreDumpException">It leads to no other directory.</exception>
    public ImageDirectory OpenLinked(string link)
    {
        var directory = _directory.TryOpenDirectory(link, out int error) ?? throw new PreDumpException(error switch
        {
            Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP => $"the parent {link} is no directory: its path is relative to the images directory, {PresentPath}",
            _ => new LinuxException("open", _directory.PathOf(link), error).Message,
        }, RoundInput.Parent);
        if (directory.Identity != _directory.Identity)
            return ImageDirectory.Adopt(directory);
        directory.Dispose();
        throw new PreDumpException($"the parent {link} is the images directory itself: give the directory of the round before", RoundInput.Parent);
    }

    /// <summary>Keeps others from it that ask, too; false where one has it.</summary>
    public bool TryLock() => _directory.TryLock();

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_complete)
            foreach (var name in _created)
                _directory.TryUnlink(name);
        _directory.Dispose();
    }

    private void RefuseImages()
    {
        // Links and directories by these names, too: rather now than when all has been copied.
        foreach (string name in _directory.Names())
            if (ImageNames.IsImage(name) || name is ImageNames.NewInventory or ImageNames.Frames)
                throw new PreDumpException($"images directory {Path} already holds images ({name}): use an empty directory for each round");
    }

    private void RefuseUnwritable()
    {
        const string Probe = ".predump.probe";
        try
        {
            _directory.TryUnlink(Probe);
            _directory.CreatePrivate(Probe).Dispose();
            _directory.TryUnlink(Probe);
        }
        catch (LinuxException e)
        {
            throw new PreDumpException($"images directory {Path} can't be written ({e.Message}): use another one", RoundInput.ImagesDirectory);
        }
    }
}
