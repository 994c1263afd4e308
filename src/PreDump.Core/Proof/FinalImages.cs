using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>The directory of a final dump that criu has just written and that is not complete yet.</summary>
public sealed class FinalImages : IDisposable
{
    private uint _lastId;

    private FinalImages(ImageDirectory directory) => (Directory, Names) = (directory, directory.Names());

    /// <summary>The open directory.</summary>
    public ImageDirectory Directory { get; }

    /// <summary>The directory's absolute path, without symbolic links.</summary>
    public string Path => Directory.Path;

    /// <summary>The names of the files that were in it when it was opened.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Opens a directory.</summary>
    /// <param name="path">Its path; criu passes that of its own descriptor in /proc.</param>
    /// <exception cref="ImageException">The directory can't be opened.</exception>
    public static FinalImages Open(string path) => new(ImageDirectory.Open(path));

    /// <summary>Renames the inventory, so that criu restore refuses the images until <see cref="Release"/>, even if predump is
    /// killed.</summary>
    /// <exception cref="PreDumpException">There is no inventory.</exception>
    public void Withhold()
    {
        try
        {
            Directory.Descriptor.Rename(ImageNames.Inventory, ImageNames.UnprovedInventory);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            throw new PreDumpException($"{Path} has no {ImageNames.Inventory}: these are not the images of a finished dump");
        }
    }

    /// <summary>Renames the inventory back. This is the last step: now the images are complete.</summary>
    /// <exception cref="LinuxException">The inventory can't be renamed.</exception>
    public void Release() => Directory.Descriptor.Rename(ImageNames.UnprovedInventory, ImageNames.Inventory);

    /// <summary>The next N for which there is no pages-N.img.</summary>
    public uint NextPagesId()
    {
        do
            _lastId++;
        while (Names.Contains(ImageNames.Pages(_lastId), StringComparer.Ordinal));
        return _lastId;
    }

    /// <summary>Creates a file with mode 0600, because it will contain a task's memory.</summary>
    /// <exception cref="LinuxException">EEXIST: it exists already; or it can't be created.</exception>
    public Fd Create(string name) => Directory.Descriptor.CreatePrivate(name);

    /// <summary>Replaces a file with another one, atomically.</summary>
    /// <param name="name">The file to replace.</param>
    /// <param name="by">The name of the replacement.</param>
    /// <exception cref="LinuxException">It can't be renamed.</exception>
    public void Replace(string name, string by) => Directory.Descriptor.Rename(by, name);

    /// <summary>Removes a file; errors are ignored.</summary>
    public void TryRemove(string name) => Directory.Descriptor.TryUnlink(name);

    /// <inheritdoc/>
    public void Dispose() => Directory.Dispose();
}
