namespace PreDump.Images;

/// <summary>A summary of one pagemap in a directory of images, those in the round's stripes included.</summary>
/// <param name="Name">The file's name.</param>
/// <param name="Pid">The task's pid in its innermost pid namespace; null for shared memory.</param>
/// <param name="PagesId">N of pages-N.img.</param>
/// <param name="Runs">The number of entries.</param>
/// <param name="Present">The number of pages in that pages file, and in those of the stripes.</param>
/// <param name="InParent">The number of pages left to the previous round.</param>
/// <param name="Lazy">The number of pages, of either kind, that a lazy restore may serve later.</param>
public readonly record struct PagemapOverview(
    string Name, int? Pid, uint PagesId, ulong Runs, ulong Present, ulong InParent, ulong Lazy)
{
    /// <summary>Reads the pagemaps of a task or segment.</summary>
    /// <param name="round">The round's directories (<see cref="ImageChain.OpenParts"/>).</param>
    /// <param name="name">The file's name.</param>
    /// <param name="pageSize">The page size of the images in bytes, a power of two.</param>
    /// <exception cref="ImageException">It is missing in the round's own directory, or damaged.</exception>
    public static PagemapOverview Of(ImageChain round, string name, int pageSize)
    {
        var own = Of(round[0], name, pageSize);
        var all = new PageCounts(own.Present, own.InParent);
        foreach (var stripe in round.Skip(1).Where(stripe => stripe.Has(name)))
            all = all.WithStripe(Of(stripe, name, pageSize).Present);
        return own with { Present = all.Present, InParent = all.InParent };
    }

    private static PagemapOverview Of(ImageDirectory directory, string name, int pageSize)
    {
        using var pagemap = PagemapReader.Open(directory, name, pageSize);
        ulong runs = 0, present = 0, inParent = 0, lazy = 0;
        while (pagemap.TryRead(out var entry))
        {
            runs++;
            present += entry.Flags.HasFlag(PageFlags.Present) ? entry.NrPages : 0;
            inParent += entry.Flags.HasFlag(PageFlags.Parent) ? entry.NrPages : 0;
            lazy += entry.Flags.HasFlag(PageFlags.Lazy) ? entry.NrPages : 0;
        }
        return new PagemapOverview(name, ImageNames.PidOfPagemap(name), pagemap.PagesId, runs, present, inParent, lazy);
    }
}

/// <summary>A summary of a round's frame ledger.</summary>
/// <param name="Tasks">The number of tasks in it.</param>
/// <param name="Pages">The number of pages recorded.</param>
/// <param name="Problem">Why it can't be used; null if it can.</param>
public sealed record FrameLedgerOverview(int Tasks, ulong Pages, string? Problem)
{
    /// <summary>Reads the ledger in a directory of images; null if there is none.</summary>
    public static FrameLedgerOverview? Of(ImageDirectory directory)
    {
        try
        {
            using var ledger = FrameLedger.TryOpen(directory);
            if (ledger is null)
                return null;
            ulong pages = ledger.Tasks.Values.Aggregate(0UL, (sum, task) => sum + task.Pages);
            return new FrameLedgerOverview(ledger.Tasks.Count, pages, null);
        }
        catch (ImageException e)
        {
            return new FrameLedgerOverview(0, 0, e.Problem);
        }
    }
}

/// <summary>A summary of a directory of images.</summary>
/// <param name="Inventory">The inventory; null if it is missing.</param>
/// <param name="Chain">The directory and all rounds before it, the last one first, without stripes.</param>
/// <param name="Stripes">The number of directories that hold the round's own pages; 1: it is not striped.</param>
/// <param name="Pagemaps">The pagemaps, ordered by name.</param>
/// <param name="Frames">The frame ledger; null if there is none.</param>
/// <param name="OtherImages">The names of all other images.</param>
public sealed record RoundOverview(
    Inventory? Inventory, IReadOnlyList<ChainLink> Chain, int Stripes, IReadOnlyList<PagemapOverview> Pagemaps,
    FrameLedgerOverview? Frames, IReadOnlyList<string> OtherImages)
{
    /// <summary>Reads a directory of images.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="pageSize">The page size of the images in bytes, a power of two.</param>
    /// <exception cref="ImageException">An image is damaged, or the chain of parents is broken.</exception>
    public static RoundOverview Of(ImageDirectory directory, int pageSize)
    {
        var names = directory.Names();
        using var parts = ImageChain.OpenParts(directory);
        return new RoundOverview(
            names.Contains(ImageNames.Inventory) ? InventoryImage.Read(directory) : null,
            [.. ImageChain.RoundsOf(ImageChain.Walk(directory))],
            parts.Count,
            [.. names.Where(ImageNames.IsPagemap).Select(name => PagemapOverview.Of(parts, name, pageSize))],
            FrameLedgerOverview.Of(directory),
            [.. names.Where(name => ImageNames.IsImage(name) && name != ImageNames.Inventory && !ImageNames.IsPagemap(name)
                && ImageNames.IdOfPages(name) is null)]);
    }
}
