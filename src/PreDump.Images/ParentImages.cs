namespace PreDump.Images;

/// <summary>The images of the round before, which an incremental round refers to (CRIU's --prev-images-dir).</summary>
public sealed class ParentImages
{
    private readonly ImageDirectory _directory;

    private ParentImages(ImageDirectory directory, ulong dumpUptime, uint preDumpMode)
        => (_directory, DumpUptime, PreDumpMode) = (directory, dumpUptime, preDumpMode);

    /// <summary>Microseconds since boot at which that round froze the tree: a task that started later is a new one.</summary>
    public ulong DumpUptime { get; }

    /// <summary>1 splice, 2 read, 0 unknown.</summary>
    public uint PreDumpMode { get; }

    /// <summary>Reads the inventory.</summary>
    /// <param name="directory">A directory of images; it stays open as long as this is used.</param>
    /// <exception cref="ImageException">No inventory, a damaged one, or one that can't tell reused pids.</exception>
    public static ParentImages Open(ImageDirectory directory)
    {
        if (!directory.Has(ImageNames.Inventory))
            throw new ImageException(directory.PathOf(ImageNames.Inventory), "no such file: the parent must be the directory of a pre-dump that ended well");

        Inventory inventory = InventoryImage.Read(directory);
        // CRIU's next dump fails without it, so better now than then.
        ulong uptime = inventory.DumpUptime ?? throw new ImageException(directory.PathOf(ImageNames.Inventory),
            "has no dump_uptime, so a reused pid can't be told: start over with a pre-dump that has no parent");
        return new ParentImages(directory, uptime, inventory.PreDumpMode ?? 0);
    }

    /// <returns>What the parent has of this task; null if the task isn't in the parent.</returns>
    /// <exception cref="ImageException">The task's images are damaged or incomplete.</exception>
    public ParentCoverage? OpenPagemap(int pid, int pageSize = 4096)
        => ParentCoverage.TryOpen(_directory, ImageNames.Pagemap(pid), pageSize);
}
