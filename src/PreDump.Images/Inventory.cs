namespace PreDump.Images;

/// <summary>What a next round needs of inventory.img (CRIU image format, inventory_entry).</summary>
/// <param name="ImgVersion">0 in a pre-dump, 1 or 2 in a full dump.</param>
/// <param name="DumpUptime">Microseconds since boot when the tree was frozen; null in images without memory tracking.</param>
/// <param name="PreDumpMode">1 splice, 2 read; null where it isn't said.</param>
public readonly record struct Inventory(uint ImgVersion, ulong? DumpUptime, uint? PreDumpMode);
