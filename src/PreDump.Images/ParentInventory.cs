namespace PreDump.Images;

/// <summary>The inventory of the previous round, which an incremental round is based on (CRIU's --prev-images-dir).</summary>
public static class ParentInventory
{
    /// <summary>Reads when that round froze the tree, in microseconds since boot. A task that started later is a new
    /// one.</summary>
    /// <param name="directory">The parent's images.</param>
    /// <exception cref="ImageException">There is no inventory, it is damaged, or it has no dump_uptime.</exception>
    public static ulong DumpUptime(ImageDirectory directory)
    {
        string path = directory.PathOf(ImageNames.Inventory);
        if (!directory.Has(ImageNames.Inventory))
            throw new ImageException(path, "no such file: the parent must be the directory of a successful pre-dump");

        // CRIU's next dump would fail without it; fail early instead.
        return InventoryImage.Read(directory).DumpUptime ?? throw new ImageException(path,
            "has no dump_uptime, so reused pids can't be detected: start over with a pre-dump that has no parent");
    }
}
