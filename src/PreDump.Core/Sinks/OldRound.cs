using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Sinks;

/// <summary>A pre-dump that is in a directory already, and that a new one may replace, as criu replaces it: predump's or criu's
/// own, complete or not. A final dump is none, and neither is what a page server has received: its inventory, which would tell,
/// is on another machine.</summary>
internal static class OldRound
{
    private const uint PreDumpVersion = 0; // of inventory_entry

    /// <summary>Whether there is one, and no other image, nor anything of the user's that has the name of its stripes.</summary>
    /// <exception cref="ImageException">The inventory is damaged.</exception>
    public static bool IsIn(DirectoryFd directory)
    {
        var names = directory.Names();
        if (names.Any(name => ImageNames.IsImage(name) && !IsOfARound(name))
            || names.Contains(ImageNames.PageServerMark) || names.Contains(ImageNames.UnprovedInventory)
            || Stripes.AreOthers(directory))
            return false;
        return names.Contains(ImageNames.Inventory) ? IsPreDump(directory, ImageNames.Inventory)
            : names.Contains(ImageNames.ClaimedInventory) ? IsPreDump(directory, ImageNames.ClaimedInventory)
            : names.Contains(ImageNames.Begun);
    }

    /// <summary>Removes it; at first what makes it look complete.</summary>
    /// <exception cref="LinuxException">A file can't be removed.</exception>
    public static void Remove(DirectoryFd directory)
    {
        directory.RemoveIfPresent(ImageNames.Inventory);
        foreach (string name in directory.Names().Where(IsOfARound))
            directory.RemoveIfPresent(name);
        directory.TryRemoveTree(ImageNames.Stripes);
    }

    private static bool IsOfARound(string name) =>
        name is ImageNames.Inventory or ImageNames.ClaimedInventory or ImageNames.NewInventory or ImageNames.Begun
            or ImageNames.Frames or ImageNames.Child or ImageNames.NewChild or ImageNames.Parent or ImageNames.InodeCache
            or ImageNames.ByContent or ImageNames.ChildrenByContent
        || ImageNames.IsPagemap(name) || ImageNames.IdOfPages(name) is not null;

    private static bool IsPreDump(DirectoryFd directory, string inventory)
    {
        using var images = ImageDirectory.Adopt(directory.TryOpenDirectory(".", out int error)
            ?? throw new LinuxException("open", directory.Path, error));
        return InventoryImage.Read(images, inventory).ImgVersion == PreDumpVersion;
    }
}
