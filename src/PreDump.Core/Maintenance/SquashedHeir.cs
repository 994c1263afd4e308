using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Maintenance;

/// <summary>Hands over what a round is in its chain to its squashed images. Only one of the two may be the parent of the next
/// round (see <see cref="PreDump.Core.Parents.ParentDirectory"/>): in place the old one is gone; else it is marked with the new
/// one, unless it has a child already, which then counts for both. A round that is made on the old one meanwhile ends
/// the squashing.</summary>
internal sealed class SquashedHeir
{
    private readonly ImageDirectory _images;
    private readonly bool _hasInventory, _hasChild;

    private SquashedHeir(ImageDirectory images)
    {
        _images = images;
        (_hasInventory, _hasChild) = (images.Has(ImageNames.Inventory), images.Descriptor.HasEntry(ImageNames.Child));
    }

    /// <summary>Notes what the round is before it is read.</summary>
    public static SquashedHeir Of(ImageDirectory images) => new(images);

    /// <summary>Puts the new directory into its place.</summary>
    /// <exception cref="PreDumpException">A round was made on the old one meanwhile, or the place can't be taken.</exception>
    public void HandOver(SquashPlace place, IObserver observer)
    {
        RefuseChanged();
        if (place.IsInPlace)
            Replace(place);
        else if (_hasChild || !TryMark(place.Path, observer))
            place.Take();
        else
            TakeOrUnmark(place);
        place.Sync();
    }

    // A round that has opened the old directory before may claim it until its inventory is renamed.
    private void Replace(SquashPlace place)
    {
        place.Exchange(_images);
        try
        {
            if (_hasInventory)
                _images.Descriptor.Rename(ImageNames.Inventory, ImageNames.ClaimedInventory);
            if (_images.Descriptor.HasEntry(ImageNames.Child) == _hasChild)
                return;
            if (_hasInventory)
                _images.Descriptor.Rename(ImageNames.ClaimedInventory, ImageNames.Inventory);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            // It is claimed.
        }
        place.Exchange(_images);
        throw Used();
    }

    private void TakeOrUnmark(SquashPlace place)
    {
        try
        {
            RefuseChanged(inventoryOnly: true);
            place.Take();
        }
        catch
        {
            _images.Descriptor.TryUnlink(ImageNames.Child);
            throw;
        }
    }

    // The old one first: if predump is killed in between, none of the two can be a parent, and not both.
    private bool TryMark(string heir, IObserver observer)
    {
        try
        {
            using var mark = _images.Descriptor.CreatePrivate(ImageNames.Child);
            ulong uptime = _hasInventory ? InventoryImage.Read(_images).DumpUptime ?? 0 : 0;
            mark.Write(RawText.Encode($"{heir}\n{uptime}\n"));
            mark.Close();
            return true;
        }
        catch (LinuxException e) when (e.Errno == Errno.EEXIST)
        {
            throw Used();
        }
        catch (LinuxException e) when (e.Errno is Errno.EROFS or Errno.EACCES or Errno.EPERM) // only the user can prevent it
        {
            observer.Warn($"{e.Message}: {_images.Path} can't be marked as used, so remember: build the next round on {heir}, "
                + $"and none on {_images.Path}");
            return false;
        }
    }

    private void RefuseChanged(bool inventoryOnly = false)
    {
        if (_images.Has(ImageNames.Inventory) != _hasInventory
            || (!inventoryOnly && _images.Descriptor.HasEntry(ImageNames.Child) != _hasChild))
            throw Used();
    }

    private PreDumpException Used() => new($"a round was made on {_images.Path}, or begun, while it was squashed: "
        + "squash the last round when no other is under way");
}
