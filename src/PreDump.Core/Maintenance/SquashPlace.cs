using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Maintenance;

/// <summary>Where the squashed images go: into the place of the chain's last round, or to another one. What can't be done there
/// is found out before anything is copied.</summary>
internal sealed class SquashPlace : IDisposable
{
    private readonly ProvisionalDirectory _directory;

    private SquashPlace(ProvisionalDirectory directory, string path, bool inPlace) =>
        (_directory, Path, IsInPlace) = (directory, path, inPlace);

    /// <summary>The path of the place: absolute and without symbolic links.</summary>
    public string Path { get; }

    /// <summary>Whether it is that of the last round.</summary>
    public bool IsInPlace { get; }

    /// <summary>The new directory, which is not in its place yet.</summary>
    public DirectoryFd Directory => _directory.Directory;

    /// <summary>The place of the last round itself.</summary>
    /// <exception cref="PreDumpException">It can't be replaced.</exception>
    public static SquashPlace Of(ImageDirectory images)
    {
        string name = System.IO.Path.GetFileName(images.Path);
        var within = images.Descriptor.TryOpenDirectory("..", out int error)
            ?? throw new LinuxException("open", images.PathOf(".."), error);
        within.NameByPresentPath();
        string? why = name.Length == 0 || within.Identity.Device != images.Descriptor.Identity.Device ? "is a mount point"
            : images.Has(ImageNames.Parent) && images.ParentLink is null
            ? $"has its parent inside ({ImageNames.Parent} is a directory, not a link)"
            : null;
        if (why is not null)
        {
            within.Dispose();
            throw CanNotBeReplaced(images, why);
        }
        var place = new SquashPlace(Create(within, name, images.Path), images.Path, inPlace: true);
        try
        {
            place.Directory.LookLike(images.Descriptor);
            place._directory.TryExchange();
            return place;
        }
        catch (LinuxException e)
        {
            place.Dispose();
            throw CanNotBeReplaced(images, $"is on a file system that can't exchange directories ({Failure.TryExplain(e)})");
        }
    }

    /// <summary>Another place, where there is nothing yet, or an empty directory.</summary>
    /// <exception cref="PreDumpException">There is something, or nothing can be made there.</exception>
    public static SquashPlace At(string path, ImageDirectory images)
    {
        using (var present = DirectoryFd.TryOpen(path, out _))
        {
            if (present?.Names().Count > 0)
                throw new PreDumpException($"{path} is not empty: give a directory that is, or a path where there is none",
                    RoundInput.SquashedImages);
            path = present?.PresentPath() ?? path.TrimEnd('/');
        }
        string parent = System.IO.Path.GetDirectoryName(path) is { Length: > 0 } above ? above : path is ['/', ..] ? "/" : ".";
        var within = DirectoryFd.TryOpen(parent, out int error) ?? throw new PreDumpException(
            error is Errno.ENOENT or Errno.ENOTDIR ? $"there is no directory {parent}, in which {path} is to be: make it first"
                : new LinuxException("open", parent, error).Message, RoundInput.SquashedImages);
        if (within.Identity == images.Descriptor.Identity)
            throw new PreDumpException($"{path} is inside of the images that are to be squashed: give a place beside them",
                RoundInput.SquashedImages);
        within.NameByPresentPath();
        string name = System.IO.Path.GetFileName(path);
        return new SquashPlace(Create(within, name, path), within.PathOf(name), inPlace: false);
    }

    /// <summary>Writes the new directory, or that it has its place, to the disk.</summary>
    /// <exception cref="LinuxException">It can't be written.</exception>
    public void Sync() => _directory.Sync();

    /// <summary>Puts the new directory into a place that is not the last round's.</summary>
    /// <exception cref="PreDumpException">Something has appeared there.</exception>
    public void Take()
    {
        try
        {
            _directory.TakePlace();
        }
        catch (LinuxException e)
        {
            throw new PreDumpException($"{Path} can't be made of the squashed images ({Failure.TryExplain(e)}): give a path "
                + "where there is nothing", RoundInput.SquashedImages);
        }
    }

    /// <summary>Exchanges the new directory and the last round, or, called again, puts that back.</summary>
    /// <exception cref="PreDumpException">They can't be exchanged.</exception>
    public void Exchange(ImageDirectory images)
    {
        try
        {
            _directory.Exchange(images.Descriptor);
        }
        catch (LinuxException e)
        {
            throw CanNotBeReplaced(images, e.Errno == Errno.EBUSY ? "is a mount point" : $"is in use ({e.Message})");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();

    private static ProvisionalDirectory Create(DirectoryFd within, string name, string path)
    {
        try
        {
            return ProvisionalDirectory.TryCreate(within, name)
                ?? throw new PreDumpException($"another process is making squashed images for {path}: wait until it has ended");
        }
        catch (LinuxException e)
        {
            throw new PreDumpException($"no directory can be made beside {path} ({Failure.TryExplain(e)}): give another place "
                + "for the squashed images", RoundInput.SquashedImages);
        }
    }

    private static PreDumpException CanNotBeReplaced(ImageDirectory images, string why) =>
        new($"{images.Path} {why}, so it can't be replaced by its squashed images: give another place for them",
            RoundInput.SquashedImages);
}
