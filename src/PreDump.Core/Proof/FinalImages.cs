using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Proof;

/// <summary>The directory of a final dump that criu has just written and that is not taken yet.</summary>
public sealed class FinalImages : IDisposable
{
    private uint _lastId;

    private FinalImages(ImageDirectory directory) => (Directory, Names) = (directory, directory.Names());

    /// <summary>The directory; criu names it by a descriptor of its own.</summary>
    public ImageDirectory Directory { get; }

    /// <summary>Absolute, without links.</summary>
    public string Path => Directory.Path;

    /// <summary>What was in it when it was opened.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Opens it.</summary>
    /// <exception cref="ImageException">It can't be opened.</exception>
    public static FinalImages Open(string path) => new(ImageDirectory.Open(path));

    /// <summary>Takes the inventory out of its place: criu restore refuses what is left. Whatever ends us from here on leaves images that do
    /// not look whole.</summary>
    /// <exception cref="PreDumpException">There is none.</exception>
    public void Withhold()
    {
        try
        {
            Directory.Descriptor.Rename(ImageNames.Inventory, ImageNames.UnprovedInventory);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            throw new PreDumpException($"{Path} has no {ImageNames.Inventory}: these are not the images of a dump that is finished");
        }
    }

    /// <summary>Puts the inventory back, the last step: now the images are whole.</summary>
    public void Release() => Directory.Descriptor.Rename(ImageNames.UnprovedInventory, ImageNames.Inventory);

    /// <summary>The next n of which there is no pages-n.img.</summary>
    public uint NextPagesId()
    {
        do
            _lastId++;
        while (Names.Contains(ImageNames.Pages(_lastId), StringComparer.Ordinal));
        return _lastId;
    }

    /// <summary>Creates a file, mode 0600: it is a task's memory. It must not exist.</summary>
    public Fd Create(string name) => Directory.Descriptor.CreatePrivate(name);

    /// <summary>Puts a file into another one's place.</summary>
    public void Replace(string name, string by) => Directory.Descriptor.Rename(by, name);

    /// <summary>Removes a file; an error is no matter.</summary>
    public void TryRemove(string name) => Directory.Descriptor.TryUnlink(name);

    /// <inheritdoc/>
    public void Dispose() => Directory.Dispose();
}
