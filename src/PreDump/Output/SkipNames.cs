using PreDump.Core.Copying;

namespace PreDump.Output;

/// <summary>The names of what is not in the images, as the summaries have them.</summary>
internal static class SkipNames
{
    /// <summary>What was skipped, in the order of the names.</summary>
    public static IEnumerable<SkippedMemory> InOrder(IEnumerable<SkippedMemory> skipped) =>
        skipped.OrderBy(memory => Of(memory.Reason), StringComparer.Ordinal);

    /// <summary>The name of a reason.</summary>
    public static string Of(SkipReason reason) => reason switch
    {
        SkipReason.Shared => "shared",
        SkipReason.Hugetlb => "hugetlb",
        SkipReason.Device => "device",
        SkipReason.AioRing => "aio_ring",
        SkipReason.Vvar => "vvar",
        SkipReason.Vsyscall => "vsyscall",
        SkipReason.Droppable => "droppable",
        SkipReason.Vanished => "vanished",
        SkipReason.Unreadable => "unreadable",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, null),
    };
}
