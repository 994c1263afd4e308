using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Parents;

/// <summary>The directory of a round that another round, or a final dump, is based on. It is opened once. The files in it record
/// whether it can be a parent:
/// <code>
///   inventory.img                     can be the parent of the next round
///     |  Claim        ^  Release: the round failed before it reset the tracking
///     v               |
///   inventory.img.unfinished-round    a round on it is under way, or failed too late: not a parent, not for criu either
///     |  Mark, Release                (a restore through it needs no inventory)
///     v
///   inventory.img + predump-child     a round was made on it: not a parent of another one
/// </code></summary>
public sealed class ParentDirectory : IDisposable
{
    private Fd? _reserved; // the mark before it is written, under its provisional name

    /// <summary>Wraps an open directory.</summary>
    /// <param name="images">The directory; closed with this object.</param>
    public ParentDirectory(ImageDirectory images) => Images = images;

    /// <summary>The images in the directory.</summary>
    public ImageDirectory Images { get; }

    /// <summary>The directory's path, for messages.</summary>
    public string Path => Images.Path;

    /// <summary>Whether another round has claimed it: one that is under way, or one that has failed.</summary>
    public bool IsClaimed => !Images.Has(ImageNames.Inventory) && Images.Has(ImageNames.ClaimedInventory);

    /// <summary>Where the inventory is if it is a symbolic link; null if it lies in the directory.</summary>
    public string? LinkedInventory => Images.Descriptor.ReadLink(ImageNames.Inventory);

    /// <summary>Whether another round or dump was made on it, even if the mark is unreadable.</summary>
    public bool HasChild => Images.Descriptor.HasEntry(ImageNames.Child);

    /// <summary>The path of the round or dump that was made on it; null if there is none or the mark is unreadable.</summary>
    public string? ReadChild() => ChildMark.PathIn(Images.Descriptor);

    /// <summary>Renames the inventory, so that the directory does not look like a parent.</summary>
    /// <exception cref="LinuxException">ENOENT: another round has claimed it; or it can't be renamed.</exception>
    public void Claim() => Images.Descriptor.Rename(ImageNames.Inventory, ImageNames.ClaimedInventory);

    /// <summary>Undoes <see cref="Claim"/>.</summary>
    /// <exception cref="LinuxException">The inventory can't be renamed.</exception>
    public void Release() => Images.Descriptor.Rename(ImageNames.ClaimedInventory, ImageNames.Inventory);

    /// <summary>Creates the file for <see cref="Mark"/> under another name and takes its space, so that marking does not fail
    /// when it is too late. Only for the owner of the claim.</summary>
    /// <exception cref="LinuxException">It can't be created, or there is no space.</exception>
    public void ReserveMark()
    {
        Images.Descriptor.RemoveIfPresent(ImageNames.NewChild); // of a round that was killed
        _reserved = Images.Descriptor.CreatePrivate(ImageNames.NewChild);
        _reserved.Write(new byte[ChildMark.MaxBytes]);
    }

    /// <summary>Marks the directory with the round or dump that was made on it.</summary>
    /// <param name="child">The directory of that round or dump.</param>
    /// <param name="uptime">The child's dump_uptime, in microseconds since boot.</param>
    /// <exception cref="LinuxException">EEXIST: there is a mark already; or it can't be written.</exception>
    public void Mark(string child, ulong uptime)
    {
        if (_reserved is null)
            ReserveMark();
        var text = RawText.Encode($"{child}\n{uptime}\n");
        _reserved!.WriteAt(text, 0);
        _reserved.Truncate((ulong)text.Length);
        _reserved.Close();
        if (HasChild)
            throw new LinuxException("rename", Images.PathOf(ImageNames.Child), Errno.EEXIST);
        Images.Descriptor.Rename(ImageNames.NewChild, ImageNames.Child);
        _reserved = null;
    }

    /// <summary>Removes the mark of an earlier child; errors are ignored.</summary>
    public void Unmark() => Images.Descriptor.TryUnlink(ImageNames.Child);

    /// <summary>Closes the directory. A mark that was reserved and not made is removed.</summary>
    public void Dispose()
    {
        _reserved?.Dispose();
        if (_reserved is not null)
            Images.Descriptor.TryUnlink(ImageNames.NewChild);
        Images.Dispose();
    }
}
