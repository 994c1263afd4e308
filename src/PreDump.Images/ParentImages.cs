namespace PreDump.Images;

/// <summary>The images of the previous round, which an incremental round is based on (CRIU's --prev-images-dir).</summary>
public sealed class ParentImages
{
    private readonly ImageDirectory _directory;

    private ParentImages(ImageDirectory directory, ulong dumpUptime) => (_directory, DumpUptime) = (directory, dumpUptime);

    /// <summary>When that round froze the tree, in microseconds since boot. A task that started later is a new one.</summary>
    public ulong DumpUptime { get; }

    /// <summary>Reads the inventory.</summary>
    /// <param name="directory">The parent's images; must stay open as long as the result is used.</param>
    /// <exception cref="ImageException">There is no inventory, it is damaged, or it has no dump_uptime.</exception>
    public static ParentImages Open(ImageDirectory directory)
    {
        string path = directory.PathOf(ImageNames.Inventory);
        if (!directory.Has(ImageNames.Inventory))
            throw new ImageException(path, "no such file: the parent must be the directory of a successful pre-dump");

        Inventory inventory = InventoryImage.Read(directory);
        // CRIU's next dump would fail without it; fail early instead.
        ulong uptime = inventory.DumpUptime ?? throw new ImageException(path,
            "has no dump_uptime, so reused pids can't be detected: start over with a pre-dump that has no parent");
        return new ParentImages(directory, uptime);
    }

    /// <summary>Opens the pagemap of a task; null if the parent does not have the task.</summary>
    /// <param name="pid">The task's pid in its innermost pid namespace.</param>
    /// <param name="pageSize">The page size of the images in bytes, a power of two.</param>
    /// <exception cref="ImageException">The task's images are damaged or incomplete.</exception>
    public ParentCoverage? OpenPagemap(int pid, int pageSize)
        => ParentCoverage.TryOpen(_directory, ImageNames.Pagemap(pid), pageSize);
}
