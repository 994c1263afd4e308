using System.Globalization;

namespace PreDump.Images;

/// <summary>File names in a directory of images (CRIU image format).</summary>
public static class ImageNames
{
    /// <summary>The inventory, one per directory, which is written last: without it the images are incomplete.</summary>
    public const string Inventory = "inventory.img";

    /// <summary>CRIU's statistics, in the work directory.</summary>
    public const string Stats = "stats-dump";

    /// <summary>The symbolic link to the previous round's directory.</summary>
    public const string Parent = "parent";

    /// <summary>The parent's inventory while a round on it is under way, and permanently if that round failed after resetting the
    /// dirty tracking.</summary>
    public const string ClaimedInventory = "inventory.img.unfinished-round";

    /// <summary>The inventory of a final dump until every page that it leaves to its parents is proved to be the tree's memory,
    /// and permanently if the proof failed: criu restore refuses images without an inventory.</summary>
    public const string UnprovedInventory = "inventory.img.unproved";

    /// <summary>An inventory before it is renamed into place. If it remains, the round ended before it was complete.</summary>
    public const string NewInventory = ".inventory.img.new";

    /// <summary>Stands in a directory in which an old round may be replaced until the new one is complete. If it remains, the
    /// round was killed.</summary>
    public const string Begun = ".predump-round";

    /// <summary>CRIU's cache of inodes, which its pre-dump writes.</summary>
    public const string InodeCache = "irmap-cache.img";

    /// <summary>Names the round that is based on these images. A second one is refused, because it would not know the changes
    /// before the first one.</summary>
    public const string Child = "predump-child";

    /// <summary>The file that becomes <see cref="Child"/>. If it remains, a round was killed.</summary>
    public const string NewChild = ".predump-child.new";

    /// <summary>The frame ledger: in which frame each page was (<see cref="FrameLedgerFormat"/>).</summary>
    public const string Frames = "predump-frames";

    /// <summary>Stands beside a round whose changes were found by comparing contents: the kernel's tracking was not reset with
    /// it.</summary>
    public const string ByContent = "predump-by-content";

    /// <summary>Lists the rounds that were made on these images by comparing contents.</summary>
    public const string ChildrenByContent = "predump-children";

    /// <summary>Written last by a page server, to mark complete images: their inventory is on the other machine.</summary>
    public const string PageServerMark = "predump-page-server";

    /// <summary>The directory of a round's stripes: 1, 2, 3, and so on, each of which holds a part of the round's pages, so that
    /// several files are written at the same time. The round's own directory is the last stripe.</summary>
    public const string Stripes = "stripes";

    /// <summary>Stands in each directory in <see cref="Stripes"/>: it is a part of a round, and none itself.</summary>
    public const string StripeMark = "predump-stripe";

    /// <summary>The prefix of a directory's name while a page server receives images into it.</summary>
    public const string IncomingPrefix = "incoming-";

    private const string PagemapPrefix = "pagemap-", PagesPrefix = "pages-", Suffix = ".img";

    /// <summary>The name of a task's pagemap.</summary>
    /// <param name="pid">The task's pid in its innermost pid namespace.</param>
    public static string Pagemap(int pid) => $"pagemap-{pid}.img";

    /// <summary>The name of a pagemap that replaces another one (in a mended final dump), before it is renamed into
    /// place.</summary>
    /// <param name="pagemap">The final name.</param>
    public static string NewPagemap(string pagemap) => $".{pagemap}.new";

    /// <summary>The pid in the name of a task's pagemap; null for any other file.</summary>
    public static int? PidOfPagemap(string fileName) =>
        IsPagemap(fileName)
        && int.TryParse(NumberIn(fileName, PagemapPrefix), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            ? pid
            : null;

    /// <summary>Whether the file is a pagemap, of a task or of shared memory.</summary>
    public static bool IsPagemap(string fileName) =>
        fileName.StartsWith(PagemapPrefix, StringComparison.Ordinal) && IsImage(fileName);

    /// <summary>N of pages-N.img; null for any other file.</summary>
    public static uint? IdOfPages(string fileName) =>
        fileName.StartsWith(PagesPrefix, StringComparison.Ordinal) && IsImage(fileName)
        && uint.TryParse(NumberIn(fileName, PagesPrefix), NumberStyles.None, CultureInfo.InvariantCulture, out uint id)
            ? id
            : null;

    /// <summary>The name of a shared memory segment's pagemap.</summary>
    /// <param name="id">The segment's inode number.</param>
    public static string PagemapShmem(ulong id) => $"pagemap-shmem-{id}.img";

    /// <summary>The name of a file of raw pages.</summary>
    /// <param name="id">pages_id of the pagemap that describes these pages.</param>
    public static string Pages(uint id) => $"pages-{id}.img";

    /// <summary>Whether a file is an image, by its name. A pre-dump must not overwrite images.</summary>
    public static bool IsImage(string fileName) => fileName.EndsWith(Suffix, StringComparison.Ordinal);

    private static ReadOnlySpan<char> NumberIn(string fileName, string prefix) =>
        fileName.AsSpan()[prefix.Length..^Suffix.Length];
}
