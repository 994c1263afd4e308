namespace PreDump.Images;

/// <summary>The little-endian u32 numbers at the start of an image (CRIU image format).</summary>
public static class Magic
{
    /// <summary>The first magic of every image except the inventory, service files and raw pages.</summary>
    public const uint Common = 0x54564319;

    /// <summary>The first magic of service files such as stats-dump.</summary>
    public const uint Service = 0x55105940;

    /// <summary>The only magic of inventory.img.</summary>
    public const uint Inventory = 0x58313116;

    /// <summary>The second magic of pagemap-*.img, for tasks and for shared memory.</summary>
    public const uint Pagemap = 0x56084025;

    /// <summary>The second magic of stats-dump.</summary>
    public const uint Stats = 0x57093306;
}
