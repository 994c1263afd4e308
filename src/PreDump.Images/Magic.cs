namespace PreDump.Images;

/// <summary>The u32 numbers, little endian, that begin an image (CRIU image format).</summary>
public static class Magic
{
    /// <summary>First magic of every image but the inventory, the service files and the raw pages.</summary>
    public const uint Common = 0x54564319;

    /// <summary>First magic of service files such as stats-dump.</summary>
    public const uint Service = 0x55105940;

    /// <summary>The only magic of inventory.img.</summary>
    public const uint Inventory = 0x58313116;

    /// <summary>Second magic of pagemap-*.img, those of tasks and those of shared memory.</summary>
    public const uint Pagemap = 0x56084025;

    /// <summary>Second magic of stats-dump.</summary>
    public const uint Stats = 0x57093306;
}
