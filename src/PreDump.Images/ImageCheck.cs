using PreDump.Linux;

namespace PreDump.Images;

/// <summary>The result of checking images.</summary>
/// <param name="Chain">The rounds of the chain, the last one first; empty if not even the last one could be read.</param>
/// <param name="Tasks">The number of tasks in the last round.</param>
/// <param name="PagesPresent">The number of pages that the last round contains.</param>
/// <param name="PagesInParent">The number of pages that the last round leaves to its parent.</param>
/// <param name="Problems">The number of problems reported.</param>
public readonly record struct ImageCheckResult(
    IReadOnlyList<ChainLink> Chain, int Tasks, ulong PagesPresent, ulong PagesInParent, int Problems);

/// <summary>Checks a directory of images, predump's or CRIU's, and all rounds before it: that each image is well formed, that
/// each pages file has the size that its pagemap requires, and that every page left to the parent exists there. Checking each
/// round against the one before it is enough for the whole chain, because a page in the parent is either present there or left to
/// that round's own parent. Memory use is constant, apart from the file names of one directory.</summary>
/// <param name="report">Called with each problem as it is found.</param>
/// <param name="pageSize">The page size of the images in bytes, a power of two.</param>
public sealed class ImageCheck(Action<ImageProblem> report, int pageSize)
{
    private const int MaxReportedRuns = 10; // per pagemap, of runs that are missing in the parent

    /// <summary>Whether images are sound on which a round was begun that did not complete.</summary>
    public bool ClaimedIsSound { get; init; }

    private int _problems;

    /// <summary>Throws if there is a problem with the images.</summary>
    /// <param name="directory">The last round.</param>
    /// <param name="pageSize">The page size of the images in bytes, a power of two.</param>
    /// <param name="advice">The end of the message: what to do, or what was not done.</param>
    /// <param name="claimedIsSound">See <see cref="ClaimedIsSound"/>.</param>
    /// <exception cref="ImageException">There is a problem; the first one is in the message.</exception>
    public static void RefuseUnsound(ImageDirectory directory, int pageSize, string advice, bool claimedIsSound = false)
    {
        ImageProblem? first = null;
        new ImageCheck(problem => first ??= problem, pageSize) { ClaimedIsSound = claimedIsSound }.Run(directory);
        if (first is { } found)
            throw new ImageException(found.File, $"{found.Where}{found.What}: {advice}");
    }

    /// <summary>Checks the chain that ends in a directory. Problems are reported, never thrown.</summary>
    public ImageCheckResult Run(ImageDirectory directory)
    {
        var chain = new List<ChainLink>();
        try
        {
            foreach (var link in ImageChain.Walk(directory))
                chain.Add(link);
        }
        catch (ImageException e)
        {
            Report(e);
        }
        int tasks = 0;
        var pages = default(PageCounts);
        bool isComparedWith = false; // by the round after it, which needs no more than bytes
        bool isOfLast = true;
        ImageDirectory? round = directory;
        for (int i = 0; i < chain.Count && round is not null; i++)
        {
            var parent = i + 1 < chain.Count ? TryOpenParent(round) : null;
            try
            {
                var counts = CheckDirectory(round, parent, isLast: i == 0, claimedIsSound: ClaimedIsSound || isComparedWith);
                if (i == 0)
                    (tasks, pages) = counts;
                else if (isOfLast &= chain[i].IsStripe)
                    pages = pages.WithStripe(counts.Pages.Present);
                isComparedWith = round.Has(ImageNames.ByContent) || round.Has(ImageNames.PageServerMark)
                    || (isComparedWith && chain[i].IsStripe);
            }
            finally
            {
                if (i > 0)
                    round.Dispose();
            }
            round = parent;
        }
        return new ImageCheckResult([.. ImageChain.RoundsOf(chain)], tasks, pages.Present, pages.InParent, _problems);
    }

    // The parent existed a moment ago, so a failure is a problem to report.
    private ImageDirectory? TryOpenParent(ImageDirectory round)
    {
        try
        {
            return round.OpenParent();
        }
        catch (ImageException e)
        {
            Report(e);
            return null;
        }
    }

    private (int Tasks, PageCounts Pages) CheckDirectory(
        ImageDirectory directory, ImageDirectory? parent, bool isLast, bool claimedIsSound)
    {
        IReadOnlyList<string> names;
        try
        {
            names = directory.Names();
        }
        catch (LinuxException e)
        {
            Report(new ImageProblem(directory.Path, null, $"can't be listed ({e.Message})"));
            return default;
        }
        CheckInventory(directory, parent, names, isLast, claimedIsSound);
        if (names.Contains(ImageNames.Stats))
            Try(() => StatsImage.Read(directory));

        int tasks = 0;
        ulong present = 0, inParent = 0;
        var ownerOfPages = new Dictionary<uint, string>();
        bool allRead = true;
        foreach (string name in names.Where(ImageNames.IsPagemap))
        {
            tasks += ImageNames.PidOfPagemap(name) is null ? 0 : 1;
            allRead &= Try(() =>
            {
                var (here, there) = CheckPagemap(directory, parent, name, ownerOfPages);
                present += here;
                inParent += there;
            });
        }
        foreach (string name in names)
            if (allRead && ImageNames.IdOfPages(name) is { } id && !ownerOfPages.ContainsKey(id))
                Report(new ImageProblem(directory.PathOf(name), null, "no pagemap names these pages"));
        return (tasks, new PageCounts(present, inParent));
    }

    private void CheckInventory(
        ImageDirectory directory, ImageDirectory? parent, IReadOnlyList<string> names, bool isLast, bool claimedIsSound)
    {
        string path = directory.PathOf(ImageNames.Inventory);
        bool claimed = names.Contains(ImageNames.ClaimedInventory);
        if (claimed && !claimedIsSound)
            Report(new ImageProblem(directory.PathOf(ImageNames.ClaimedInventory), null, "a round on these images is under way "
                + "or has failed: a restore may still read them as part of a chain, but they can no longer be a parent"));
        // With an inventory, the unproved one is of an earlier dump into the same directory.
        bool unproved = names.Contains(ImageNames.UnprovedInventory) && !names.Contains(ImageNames.Inventory);
        if (unproved)
            Report(new ImageProblem(directory.PathOf(ImageNames.UnprovedInventory), null,
                "these images could not be proved to hold the tree's memory, so criu restore refuses them: dump again"));
        if (names.Contains(ImageNames.NewInventory))
            Report(new ImageProblem(directory.PathOf(ImageNames.NewInventory), null, "the round ended before it was complete"));
        // A page server's directories have no inventory, which is on the other machine. A parent's parent needs none.
        if (!names.Contains(ImageNames.Inventory))
        {
            if (isLast && !claimed && !unproved && !names.Contains(ImageNames.PageServerMark))
                Report(new ImageProblem(path, null, "no such file: the images are incomplete"));
            return;
        }
        Try(() =>
        {
            var inventory = InventoryImage.Read(directory);
            // Damage of the parent itself is reported when the parent is checked. (Contents may be compared with a chain that
            // was made before the last boot, or on another machine.)
            if (parent is not null && !names.Contains(ImageNames.ByContent)
                && inventory.DumpUptime is { } uptime && TryReadUptime(parent) is { } before && before > uptime)
                Report(new ImageProblem(path, null, $"dump_uptime {uptime} is before that of its parent "
                    + $"({before}, {parent.PathOf(ImageNames.Inventory)}): the parent link is wrong"));
        });
    }

    private static ulong? TryReadUptime(ImageDirectory directory)
    {
        try
        {
            return InventoryImage.Read(directory).DumpUptime;
        }
        catch (ImageException)
        {
            return null;
        }
    }

    private (ulong Present, ulong InParent) CheckPagemap(
        ImageDirectory directory, ImageDirectory? parent, string name, Dictionary<uint, string> ownerOfPages)
    {
        string path = directory.PathOf(name);
        ulong present = 0, inParent = 0, unreported = 0;
        int reported = 0;
        using var pagemap = PagemapReader.Open(directory, name, pageSize);
        string pages = ImageNames.Pages(pagemap.PagesId);
        if (!ownerOfPages.TryAdd(pagemap.PagesId, name))
            Report(new ImageProblem(path, null, $"names {pages}, which are the pages of {ownerOfPages[pagemap.PagesId]}"));
        using var covered = new ParentCover(parent, name, pageSize, Missing);
        while (pagemap.TryRead(out var entry))
        {
            if (entry.Flags.HasFlag(PageFlags.Present))
                present += entry.NrPages;
            if (entry.Flags.HasFlag(PageFlags.Parent))
            {
                inParent += entry.NrPages;
                covered.Check(entry);
            }
        }
        if (unreported > 0)
            Report(new ImageProblem(path, null, $"{PagesAre(unreported, "more ")} left to the parent, which does not have them"));
        CheckLength(directory, pages, name, present);
        return (present, inParent);

        void Missing(ulong vaddr, ulong nrPages)
        {
            if (++reported > MaxReportedRuns)
                unreported += nrPages;
            else
                Report(new ImageProblem(path, vaddr, $"{PagesAre(nrPages)} left to the parent, "
                    + (parent is null ? "and there is no parent" : $"and {parent.PathOf(name)} does not have them")));
        }
    }

    private static string PagesAre(ulong pages, string more = "") => pages == 1 ? $"1 {more}page is" : $"{pages} {more}pages are";

    private void CheckLength(ImageDirectory directory, string pages, string pagemapName, ulong present) => Try(() =>
    {
        using var file = directory.OpenImage(pages);
        ulong expected = present * (ulong)pageSize, length = file.Length;
        if (length != expected)
            Report(new ImageProblem(directory.PathOf(pages), null,
                $"{length} bytes, but {pagemapName} names {present} pages, {expected} bytes"));
    });

    private bool Try(Action check)
    {
        try
        {
            check();
            return true;
        }
        catch (ImageException e)
        {
            Report(e);
            return false;
        }
    }

    private void Report(ImageException e) => Report(new ImageProblem(e.File, null, e.Problem));

    private void Report(ImageProblem problem)
    {
        _problems++;
        report(problem);
    }

    /// <summary>Checks a pagemap's entries against the parent. Damage of the parent itself is ignored here: it is reported when
    /// the parent is checked.</summary>
    private sealed class ParentCover : IDisposable
    {
        private readonly ParentCoverage? _pagemap;
        private readonly Action<ulong, ulong> _missing;
        private bool _isDamaged;

        public ParentCover(ImageDirectory? parent, string name, int pageSize, Action<ulong, ulong> missing)
        {
            _missing = missing;
            try
            {
                _pagemap = parent is null ? null : ParentCoverage.TryOpen(parent, name, pageSize);
            }
            catch (ImageException)
            {
                _isDamaged = true;
            }
        }

        // Without a closure, because there may be millions of entries.
        public void Check(PagemapEntry entry)
        {
            try
            {
                while (entry.NrPages > 0 && !_isDamaged)
                {
                    bool inParent = false;
                    ulong pages = _pagemap?.Covered(entry.Vaddr, entry.NrPages, out inParent) ?? entry.NrPages;
                    if (!inParent)
                        _missing(entry.Vaddr, pages);
                    entry = new PagemapEntry(entry.Vaddr + pages * PageBytes, entry.NrPages - pages, entry.Flags);
                }
            }
            catch (ImageException)
            {
                _isDamaged = true;
            }
        }

        public void Dispose() => _pagemap?.Dispose();

        private ulong PageBytes => (ulong)(_pagemap?.PageSize ?? 1);
    }
}
