namespace PreDump.Images;

/// <summary>One pagemap of a directory of images. Counts are in pages.</summary>
/// <param name="Name">The file's.</param>
/// <param name="Pid">The task's pid in its innermost pid namespace; null for shared memory.</param>
/// <param name="PagesId">n of pages-n.img.</param>
/// <param name="Runs">Entries.</param>
/// <param name="Present">In that pages file.</param>
/// <param name="InParent">Left to the parent.</param>
/// <param name="Lazy">Of either, those that a lazy restore may serve later.</param>
public readonly record struct PagemapOverview(string Name, int? Pid, uint PagesId, ulong Runs, ulong Present, ulong InParent, ulong Lazy)
{
    /// <summary>Reads a pagemap through.</summary>
    /// <exception cref="ImageException">It is damaged.</exception>
    public static PagemapOverview Of(ImageDirectory directory, string name, int pageSize)
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

/// <summary>The frame ledger beside images.</summary>
/// <param name="Tasks">How many are in it.</param>
/// <param name="Pages">How many of their pages.</param>
/// <param name="Problem">Why it can't be used; null: it can.</param>
public sealed record FrameLedgerOverview(int Tasks, ulong Pages, string? Problem)
{
    /// <summary>Reads it through; null where there is none.</summary>
    public static FrameLedgerOverview? Of(ImageDirectory directory)
    {
        try
        {
            using var ledger = FrameLedger.TryOpen(directory);
            return ledger is null ? null : new FrameLedgerOverview(ledger.Tasks.Count, ledger.Tasks.Values.Aggregate(0UL, (sum, task) => sum + task.Pages), null);
        }
        catch (ImageException e)
        {
            return new FrameLedgerOverview(0, 0, e.Problem);
        }
    }
}

/// <summary>What a directory of images holds.</summary>
/// <param name="Inventory">Null where it is missing.</param>
/// <param name="Chain">The directory and all rounds before it, the last first.</param>
/// <param name="Pagemaps">By name.</param>
/// <param name="Frames">The frame ledger; null where there is none.</param>
/// <param name="OtherImages">The names of CRIU's other images.</param>
public sealed record RoundOverview(
    Inventory? Inventory, IReadOnlyList<ChainLink> Chain, IReadOnlyList<PagemapOverview> Pagemaps, FrameLedgerOverview? Frames,
    IReadOnlyList<string> OtherImages)
{
    /// <summary>Reads it.</summary>
    /// <exception cref="ImageException">An image is damaged, or the chain of parents is broken.</exception>
    public static RoundOverview Of(ImageDirectory directory, int pageSize)
    {
        var names = directory.Names();
        return new RoundOverview(
            names.Contains(ImageNames.Inventory) ? InventoryImage.Read(directory) : null,
            [.. ImageChain.Walk(directory)],
            [.. names.Where(ImageNames.IsPagemap).Select(name => PagemapOverview.Of(directory, name, pageSize))],
            FrameLedgerOverview.Of(directory),
            [.. names.Where(name => ImageNames.IsImage(name) && name != ImageNames.Inventory && !ImageNames.IsPagemap(name)
                && ImageNames.IdOfPages(name) is null)]);
    }
}
