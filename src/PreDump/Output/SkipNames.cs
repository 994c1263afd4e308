using PreDump.Core.Copying;

namespace PreDump.Output;

/// <summary>The names of what is not in the images, as the summaries have them.</summary>
internal static class SkipNames
{
    /// <summary>What was skipped, by name.</summary>
    public static IEnumerable<(string Name, SkippedMemory Memory)> Named(IEnumerable<SkippedMemory> skipped) =>
        skipped.Select(memory => (Of(memory.Reason), memory)).OrderBy(named => named.Item1, StringComparer.Ordinal);

    private static string Of(SkipReason reason) => reason switch
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
