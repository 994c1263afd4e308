using CsCheck;
using PreDump.Images;

namespace PreDump.Tests.Unit.Images;

internal static class Generate
{
    internal const ulong PageSize = 4096;

    internal static readonly Gen<PageFlags> Flags = Gen.OneOf(
        PageFlags.Present, PageFlags.Parent, PageFlags.Lazy, PageFlags.Present | PageFlags.Lazy);

    /// <summary>Entries as a pagemap may hold them, from address 0 on: often adjacent, with the given limits.</summary>
    internal static Gen<PagemapEntry[]> Entries(ulong maxGap, ulong maxPages)
        => Gen.Select(Gen.ULong[0, maxGap], Gen.ULong[1, maxPages], Flags).Array[0, 40].Select(runs =>
        {
            ulong page = 0;
            return Array.ConvertAll(runs, run =>
            {
                var entry = new PagemapEntry((page + run.Item1) * PageSize, run.Item2, run.Item3);
                page += run.Item1 + run.Item2;
                return entry;
            });
        });
}
