using PreDump.Linux;

namespace PreDump.Images;

/// <summary>What a check of images saw.</summary>
/// <param name="Chain">The directories, the last round first; empty where not even that could be read.</param>
/// <param name="Tasks">Tasks of the last round.</param>
/// <param name="PagesPresent">Pages that the last round has itself.</param>
/// <param name="PagesInParent">Pages that it leaves to its parent.</param>
/// <param name="Problems">How many problems were told.</param>
public readonly record struct ImageCheckResult(
    IReadOnlyList<ChainLink> Chain, int Tasks, ulong PagesPresent, ulong PagesInParent, int Problems);

/// <summary>Checks a directory of images, ours or CRIU's, with all rounds before it: that each image keeps its format, that each
/// pages file has what its pagemap names, and that each page that is left to the parent is there. It takes two rounds at a time,
/// which proves the whole chain: what the parent has is present there, or is one of its own pages to be found further down. Memory
/// is constant but for the names of one directory.</summary>
/// <param name="report">Told of each problem as it is found.</param>
/// <param name="pageSize">In bytes, a power of two.</param>
public sealed class ImageCheck(Action<ImageProblem> report, int pageSize = 4096)
{
    private const int MostRuns = 10; // of one pagemap that are missing in the parent, told one by one

    private int _problems;
    private ulong _present, _inParent;

    /// <summary>For those who go on only with sound images.</summary>
    /// <param name="directory">The last round.</param>
    /// <param name="pageSize">In bytes, a power of two.</param>
    /// <param name="advice">What to do about it, or what was not done.</param>
    /// <exception cref="ImageException">The first problem.</exception>
    public static void RefuseUnsound(ImageDirectory directory, int pageSize, string advice)
    {
        ImageProblem? first = null;
        new ImageCheck(problem => first ??= problem, pageSize).Run(directory);
        if (first is { } found)
            throw new ImageException(found.File, $"{found.Where}{found.What}: {advice}");
    }

    /// <summary>Checks it; nothing that is wrong with images is an exception.</summary>
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
        ImageDirectory? round = directory;
        for (int i = 0; i < chain.Count && round is not null; i++)
        {
            var parent = i + 1 < chain.Count ? TryOpenParent(round) : null;
            try
            {
                var counts = CheckDirectory(round, parent, isLast: i == 0);
                if (i == 0)
                    (tasks, _present, _inParent) = counts;
            }
            finally
            {
                if (i > 0)
                    round.Dispose();
            }
            round = parent;
        }
        return new ImageCheckResult(chain, tasks, _present, _inParent, _problems);
    }

    // It was there a moment ago.
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

    private (int Tasks, ulong Present, ulong InParent) CheckDirectory(ImageDirectory directory, ImageDirectory? parent, bool isLast)
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
        CheckInventory(directory, parent, names, isLast);
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
        return (tasks, present, inParent);
    }

    private void CheckInventory(ImageDirectory directory, ImageDirectory? parent, IReadOnlyList<string> names, bool isLast)
    {
        string path = directory.PathOf(ImageNames.Inventory);
        bool claimed = names.Contains(ImageNames.ClaimedInventory);
        if (claimed)
            Report(new ImageProblem(directory.PathOf(ImageNames.ClaimedInventory), null,
                "a round on these images is under way, or has failed: they can be restored through, but be no parent any more"));
        bool unproved = names.Contains(ImageNames.UnprovedInventory) && !names.Contains(ImageNames.Inventory); // (a later dump may stand beside it)
        if (unproved)
            Report(new ImageProblem(directory.PathOf(ImageNames.UnprovedInventory), null,
                "these images could not be proved to be the memory of the tree, so that criu restore refuses them: dump once more"));
        if (names.Contains(ImageNames.NewInventory))
            Report(new ImageProblem(directory.PathOf(ImageNames.NewInventory), null, "the round was ended before it was whole"));
        // The directories of a page server have none: theirs is on the other machine. Nobody needs that of a parent's parent.
        if (!names.Contains(ImageNames.Inventory))
        {
            if (isLast && !claimed && !unproved && !names.Contains(ImageNames.PageServerMark))
                Report(new ImageProblem(path, null, "no such file: the images are not whole"));
            return;
        }
        Try(() =>
        {
            var inventory = InventoryImage.Read(directory);
            // The parent's own damage is told when its turn comes.
            if (parent is not null && inventory.DumpUptime is { } uptime && TryReadUptime(parent) is { } before && before > uptime)
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

    private (ulong Present, ulong InParent) CheckPagemap(ImageDirectory directory, ImageDirectory? parent, string name, Dictionary<uint, string> ownerOfPages)
    {
        string path = directory.PathOf(name);
        ulong present = 0, inParent = 0, untold = 0;
        int told = 0;
        using var pagemap = PagemapReader.Open(directory, name, pageSize);
        if (!ownerOfPages.TryAdd(pagemap.PagesId, name))
            Report(new ImageProblem(path, null, $"names {ImageNames.Pages(pagemap.PagesId)}, which are the pages of {ownerOfPages[pagemap.PagesId]}"));
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
        if (untold > 0)
            Report(new ImageProblem(path, null, $"{PagesAre(untold, "more ")} left to the parent, which does not have them"));
        CheckLength(directory, ImageNames.Pages(pagemap.PagesId), name, present);
        return (present, inParent);

        void Missing(ulong vaddr, ulong pages)
        {
            if (++told > MostRuns)
                untold += pages;
            else
                Report(new ImageProblem(path, vaddr, $"{PagesAre(pages)} left to the parent, "
                    + (parent is null ? "and there is no parent" : $"and {parent.PathOf(name)} does not have them")));
        }
    }

    private static string PagesAre(ulong pages, string more = "") => pages == 1 ? $"1 {more}page is" : $"{pages} {more}pages are";

    private void CheckLength(ImageDirectory directory, string pages, string pagemapName, ulong present) => Try(() =>
    {
        using var file = directory.OpenImage(pages);
        ulong expected = present * (ulong)pageSize, length = file.Length;
        if (length != expected)
            Report(new ImageProblem(directory.PathOf(pages), null, $"{length} bytes, but {pagemapName} names {present} pages, {expected} bytes"));
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

    /// <summary>The parent's side of a pagemap; nothing is told of a parent that is damaged itself: that is told when its turn
    /// comes.</summary>
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

        // No closure here: there may be millions of entries.
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
