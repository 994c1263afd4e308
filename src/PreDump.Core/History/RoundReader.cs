using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.History;

/// <summary>Reads the figures of rounds.</summary>
internal static class RoundReader
{
    /// <summary>Reads the rounds of a chain.</summary>
    /// <param name="images">The rounds, the first one first.</param>
    /// <param name="journal">Their journal.</param>
    /// <param name="sizes">Is given the largest number of pages that each task ever had.</param>
    /// <exception cref="ImageException">An image is damaged.</exception>
    public static List<ChainRound> Read(List<ImageDirectory> images, Journal journal, Dictionary<int, ulong> sizes)
    {
        var rounds = new List<ChainRound>();
        ulong? before = null;
        foreach (var directory in images)
        {
            var (inventory, completed) = InventoryOf(directory);
            var (written, inParent) = Count(directory, sizes);
            var path = RawText.Printable(directory.Path);
            var line = journal.Rounds.LastOrDefault(round => round.ImagesDirectory == path)
                ?? journal.Rounds.LastOrDefault(round => HasName(round.ImagesDirectory, path));
            bool isFinal = inventory?.ImgVersion > 0 || directory.Has(ImageNames.UnprovedInventory);
            ulong? since = inventory?.DumpUptime is { } now && now > before ? now - before : null;
            before = inventory?.DumpUptime;
            bool isHere = written + inParent > 0; // else a page server has them
            rounds.Add(new ChainRound(Path.GetFileName(directory.Path), directory.Has(ImageNames.Parent), isFinal,
                isHere ? written : line?.PagesWritten ?? 0, isHere ? inParent : line?.PagesInParent ?? 0,
                line?.Time ?? completed, line?.IntervalMicroseconds ?? since,
                directory.Has(ImageNames.Stats) ? StatsImage.Read(directory) : null, line,
                isFinal && journal.Dump is { } dump && HasName(dump.ImagesDirectory, path) ? dump : null));
        }
        return rounds;
    }

    // The last part of a path: a chain may have been moved since.
    private static bool HasName(string? named, string path) =>
        named is not null && Path.GetFileName(named.TrimEnd('/')) == Path.GetFileName(path);

    private static (Inventory?, DateTimeOffset? Completed) InventoryOf(ImageDirectory directory)
    {
        string[] names = [ImageNames.Inventory, ImageNames.ClaimedInventory, ImageNames.UnprovedInventory];
        if (Array.Find(names, directory.Has) is not { } name)
            return (null, null);
        using var file = directory.OpenImage(name).ReleaseHandle();
        return (InventoryImage.Read(directory, name), new DateTimeOffset(File.GetLastWriteTimeUtc(file)));
    }

    private static (ulong Written, ulong InParent) Count(ImageDirectory directory, Dictionary<int, ulong> sizes)
    {
        ulong written = 0, inParent = 0;
        using var parts = ImageChain.OpenParts(directory);
        foreach (var name in directory.Names().Where(ImageNames.IsPagemap))
        {
            var task = PagemapOverview.Of(parts, name, PageSize.Bytes);
            written += task.Present;
            inParent += task.InParent;
            if (task.Pid is { } pid)
                sizes[pid] = Math.Max(sizes.GetValueOrDefault(pid), task.Present + task.InParent);
        }
        return (written, inParent);
    }
}
