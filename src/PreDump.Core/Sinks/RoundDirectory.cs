using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Sinks;

/// <summary>The directory for a round's images. Until <see cref="Complete"/> has put the inventory in place, it does not look
/// like a complete set of images; <see cref="Dispose"/> without it removes what was written.</summary>
public sealed class RoundDirectory : IDisposable
{
    private readonly DirectoryFd _directory;
    private readonly List<string> _created = [];
    private bool _complete, _holdsOldRound;

    private RoundDirectory(DirectoryFd directory, string path) => (_directory, Path) = (directory, path);

    /// <summary>The directory's path as the user gave it.</summary>
    public string Path { get; }

    /// <summary>Opens an existing, writable directory that contains no images.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="mayHoldOldRound">Whether it may contain a round that <see cref="Renew"/> removes.</param>
    /// <exception cref="PreDumpException">It does not exist, is not writable, or contains images.</exception>
    public static RoundDirectory Open(string path, bool mayHoldOldRound = false)
    {
        var fd = DirectoryFd.TryOpen(path, out int error) ?? throw new PreDumpException(error switch
        {
            Errno.ENOENT => $"images directory {path} does not exist: make it first (mkdir -p {path})",
            Errno.ENOTDIR => $"images directory {path} is not a directory: give a directory",
            Errno.EACCES => $"images directory {path} may not be opened by this user: use another one, or run as root",
            _ => new LinuxException("open", path, error).Message,
        }, RoundInput.ImagesDirectory)
        {
            Number = error,
        };
        var directory = new RoundDirectory(fd, path);
        try
        {
            directory._holdsOldRound = mayHoldOldRound && OldRound.IsIn(fd);
            if (!directory._holdsOldRound)
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

    /// <summary>Removes the round that was found in the directory, if any, and marks the directory, so that a round that is
    /// killed can be removed, too.</summary>
    /// <param name="observer">Told of it, and warned of images that were made on it.</param>
    /// <exception cref="PreDumpException">Another such round is being made here.</exception>
    /// <exception cref="LinuxException">It can't be removed.</exception>
    public void Renew(IObserver observer)
    {
        if (!TryLock())
            throw new PreDumpException($"another round is being made in images directory {Path}: wait until it has ended")
            {
                Number = Errno.EEXIST,
            };
        if (_holdsOldRound)
        {
            observer.Note($"an earlier round was in {Path}: it is removed");
            foreach (string child in ChildMark.AllPaths(_directory).Where(DirectoryFd.Exists))
                observer.Warn($"{child} was made on the round that was in {Path} and is replaced now: if it still holds images, "
                    + "nothing can be restored from them any more");
            OldRound.Remove(_directory);
        }
        Create(ImageNames.Begun).Dispose();
    }

    /// <summary>Creates an image with mode 0600, because it will contain a task's memory.</summary>
    /// <exception cref="LinuxException">EEXIST: it exists already; or it can't be created.</exception>
    public Fd Create(string name)
    {
        var fd = _directory.CreatePrivate(name);
        _created.Add(name);
        return fd;
    }

    /// <summary>Creates the link to the parent images that CRIU follows. An existing link must have the same target.</summary>
    /// <param name="target">The parent's directory, relative to this one.</param>
    /// <exception cref="PreDumpException">There is a link with another target, or the link can't be created.</exception>
    public void LinkParent(string target)
    {
        if (ParentLink is { } present)
        {
            if (present != target)
                throw new PreDumpException($"images directory {Path} has a parent link to {present}, "
                    + $"but {target} is to be the parent: use an empty directory, or give the same parent", RoundInput.Parent);
            return;
        }
        try
        {
            _directory.CreateSymlink(ImageNames.Parent, target);
        }
        catch (LinuxException e)
        {
            string why = e.Errno == Errno.EEXIST
                ? "what has its name is not a link; use an empty directory"
                : "some file systems (FAT) have no symbolic links; use another one, or give no parent for a full copy";
            throw new PreDumpException($"images directory {Path} can't have the link by which CRIU finds the parent "
                + $"({Failure.TryExplain(e)}): {why}", RoundInput.ImagesDirectory);
        }
        _created.Add(ImageNames.Parent);
    }

    /// <summary>Refuses a round that nobody could read, because its chain would be too long.</summary>
    /// <param name="parent">The parent's directory, relative to this one.</param>
    /// <param name="count">How many directories the round's pages are to go to, this one included.</param>
    /// <exception cref="PreDumpException">It would have more than <see cref="ImageChain.MaxLength"/> directories.</exception>
    /// <exception cref="ImageException">The parent's chain can't be read.</exception>
    public void RefuseTooLong(string parent, int count)
    {
        using var previous = OpenPrevious(parent);
        int length = ImageChain.Walk(previous).Count() + count;
        if (length <= ImageChain.MaxLength)
            return;
        string chain = $"the chain of parents would have {length} directories, and no more than {ImageChain.MaxLength} can be "
            + "read";
        throw count == 1 ? new PreDumpException($"{chain}: squash the parent", RoundInput.Parent)
            : new PreDumpException($"with {count} stripes {chain}: use fewer, or squash the parent", RoundInput.Stripes);
    }

    /// <summary>Makes stripes, and the links by which CRIU finds the parent through them.</summary>
    /// <param name="count">How many directories the round's pages are to go to, this one included.</param>
    /// <param name="parent">The parent's directory, relative to this one; null in a first round.</param>
    /// <exception cref="KnownFailureException">They can't be made; nothing is left of them.</exception>
    public void MakeStripes(int count, string? parent)
    {
        if (ParentLink is { } present)
            throw new PreDumpException($"images directory {Path} has a parent link to {present}, which can't lead to stripes: "
                + "use an empty directory", RoundInput.Stripes);
        var stripes = new Stripes(_directory);
        try
        {
            stripes.Make(count - 1, parent);
            LinkParent(stripes.LastLink);
            Stripes = stripes;
        }
        catch (LinuxException e)
        {
            throw new PreDumpException($"images directory {Path} can't have stripes ({Failure.TryExplain(e)}): use another one, "
                + "or one stripe", RoundInput.Stripes);
        }
        finally
        {
            if (Stripes is null)
                stripes.Remove();
        }
    }

    /// <summary>The round's further directories; null where all its images go here.</summary>
    public Stripes? Stripes { get; private set; }

    /// <summary>The target of the link to the parent images; null if there is no link.</summary>
    public string? ParentLink => _directory.ReadLink(ImageNames.Parent);

    /// <summary>Whether the images are complete.</summary>
    public bool IsComplete => _complete;

    /// <summary>Puts the inventory in place, by a rename. This is the last step: now the images are complete.</summary>
    /// <param name="inventory">The contents of inventory.img.</param>
    /// <exception cref="PreDumpException">The directory, or a file in it, has been moved or removed meanwhile.</exception>
    /// <exception cref="LinuxException">The inventory can't be written.</exception>
    public void Complete(ReadOnlySpan<byte> inventory)
    {
        using (var fd = Create(ImageNames.NewInventory))
        {
            fd.Write(inventory);
            fd.Close();
        }
        // The next round will use the path, so it must still lead here.
        string? lost = _directory.IsAt(Path) ? _created.Find(name => !_directory.HasEntry(name)) : _created[0];
        if (lost is not null)
            throw new PreDumpException($"{lost} is no longer in images directory {Path}: the directory was renamed, unmounted or "
                + "cleared while predump was writing; use another one");
        if (_created.Remove(ImageNames.Begun))
            _directory.RemoveIfPresent(ImageNames.Begun);
        _directory.Rename(ImageNames.NewInventory, ImageNames.Inventory);
        _complete = true;
    }

    /// <summary>Moves complete images here from another directory. They have no inventory of their own.</summary>
    /// <param name="other">The other directory.</param>
    /// <param name="last">The file to move last, which marks the images as complete.</param>
    /// <exception cref="PreDumpException">A file with the same name has appeared here meanwhile.</exception>
    /// <exception cref="LinuxException">A file can't be moved.</exception>
    public void TakeFrom(DirectoryFd other, string last)
    {
        foreach (string name in other.Names().Where(name => name != last).Append(last))
        {
            if (_directory.HasEntry(name))
                throw new PreDumpException($"{name} has appeared in images directory {Path} while images were being received: "
                    + "use an empty directory for each round");
            other.MoveTo(_directory, name, name);
            _created.Add(name);
        }
        _complete = true;
    }

    /// <summary>The descriptor, for creating directories in this one.</summary>
    public DirectoryFd Descriptor => _directory;

    /// <summary>The directory's current path: absolute and without symbolic links.</summary>
    public string PresentPath => _directory.PresentPath();

    /// <summary>Opens the directory for reading the images that were written.</summary>
    /// <exception cref="LinuxException">It can't be opened.</exception>
    public ImageDirectory OpenImages() =>
        ImageDirectory.Adopt(_directory.TryOpenDirectory(".", out int error) ?? throw new LinuxException("open", Path, error));

    /// <summary>Opens the images of the previous round.</summary>
    /// <param name="previous">A path relative to this directory, resolved by the kernel, as criu does.</param>
    /// <exception cref="PreDumpException">The path is absolute, or does not lead to another directory.</exception>
    public ImageDirectory OpenPrevious(string previous)
    {
        if (System.IO.Path.IsPathRooted(previous))
            throw new PreDumpException($"the parent {previous} is an absolute path: "
                + "CRIU wants one relative to the images directory, such as ../1", RoundInput.Parent);
        return OpenLinked(previous);
    }

    /// <summary>Opens the images that an existing parent link leads to.</summary>
    /// <param name="link">The link's target, which may be absolute.</param>
    /// <exception cref="PreDumpException">The link does not lead to another directory.</exception>
    public ImageDirectory OpenLinked(string link)
    {
        var directory = _directory.TryOpenDirectory(link, out int error) ?? throw new PreDumpException(error switch
        {
            Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP =>
                $"the parent {link} is not a directory: its path is relative to the images directory, {PresentPath}",
            _ => new LinuxException("open", _directory.PathOf(link), error).Message,
        }, RoundInput.Parent);
        if (directory.Identity != _directory.Identity)
            return ImageDirectory.Adopt(directory);
        directory.Dispose();
        throw new PreDumpException($"the parent {link} is the images directory itself: give the directory of the previous round",
            RoundInput.Parent);
    }

    /// <summary>Takes an advisory lock on the directory; false if another process holds it. See
    /// <see cref="DirectoryFd.TryLock"/>.</summary>
    public bool TryLock() => _directory.TryLock();

    /// <summary>Removes what was written, unless the images are complete.</summary>
    /// <returns>The names that are left, because they can't be removed.</returns>
    public IReadOnlyList<string> Remove()
    {
        if (_complete)
            return [];
        Stripes?.Remove();
        _created.RemoveAll(name => _directory.TryUnlink(name) is 0 or Errno.ENOENT);
        return _created;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Remove();
        Stripes?.Dispose();
        _directory.Dispose();
    }

    private void RefuseImages()
    {
        // Refuses symbolic links and directories with such names, too: creating the images would fail, after everything is
        // copied.
        foreach (string name in _directory.Names())
            if (ImageNames.IsImage(name)
                || name is ImageNames.NewInventory or ImageNames.Frames or ImageNames.ByContent or ImageNames.Stripes)
                throw new PreDumpException(
                    $"images directory {Path} already contains images ({name}): use an empty directory for each round")
                {
                    Number = Errno.EEXIST,
                };
    }

    private void RefuseUnwritable()
    {
        try
        {
            DirectoryTrial.Run(_directory);
        }
        catch (LinuxException e)
        {
            throw new PreDumpException($"images directory {Path} can't be written ({Failure.TryExplain(e)}): use another one",
                RoundInput.ImagesDirectory)
            {
                Number = e.Errno,
            };
        }
    }
}
