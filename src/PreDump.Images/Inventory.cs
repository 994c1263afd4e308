namespace PreDump.Images;

/// <summary>The fields of inventory.img that predump uses (CRIU image format, inventory_entry).</summary>
/// <param name="ImgVersion">0 in a pre-dump, 1 or 2 in a full dump.</param>
/// <param name="DumpUptime">When the tree was frozen, in microseconds since boot; null in images without memory tracking.</param>
/// <param name="PreDumpMode">1 for splice, 2 for read; null if the image has no such field.</param>
public readonly record struct Inventory(uint ImgVersion, ulong? DumpUptime, uint? PreDumpMode);
