using System.Globalization;

namespace PreDump.Images;

/// <summary>File names in a directory of images (CRIU image format).</summary>
public static class ImageNames
{
    /// <summary>One for each directory, written last: without it the images are not whole.</summary>
    public const string Inventory = "inventory.img";

    /// <summary>CRIU's statistics, in the work directory.</summary>
    public const string Stats = "stats-dump";

    /// <summary>The symbolic link to the directory of the round before.</summary>
    public const string Parent = "parent";

    /// <summary>The parent's inventory while a round on it is under way, and for good if that round failed too late.</summary>
    public const string ClaimedInventory = "inventory.img.unfinished-round";

    /// <summary>The inventory of a final dump until all that it leaves to its parents is proved to be the tree's memory, and for good if that
    /// could not be done: criu restore refuses images without an inventory.</summary>
    public const string UnprovedInventory = "inventory.img.unproved";

    /// <summary>An inventory on its way to its place: the round was ended before it was whole.</summary>
    public const string NewInventory = ".inventory.img.new";

    /// <summary>Says which round was made on these images. No other can be, since it would not know what changed before that one.</summary>
    public const string Child = "predump-child";

    /// <summary>Beside the images: where each page lay when it was copied (<see cref="FrameLedgerFormat"/>).</summary>
    public const string Frames = "predump-frames";

    /// <summary>Marks, as the last file, whole images that a page server has received: their inventory is on the other machine.</summary>
    public const string PageServerMark = "predump-page-server";

    /// <summary>Before the name of a directory that images are being received into.</summary>
    public const string IncomingPrefix = "incoming-";

    /// <param name="pid">The task's pid in its innermost pid namespace.</param>
    public static string Pagemap(int pid) => $"pagemap-{pid}.img";

    /// <summary>A pagemap on its way to its place: a final dump was being mended.</summary>
    /// <param name="pagemap">The file's name when it is there.</param>
    public static string NewPagemap(string pagemap) => $".{pagemap}.new";

    /// <summary>The pid that names a task's pagemap; null for any other file.</summary>
    public static int? PidOfPagemap(string fileName) =>
        fileName.StartsWith("pagemap-", StringComparison.Ordinal) && fileName.EndsWith(".img", StringComparison.Ordinal)
        && int.TryParse(fileName.AsSpan()["pagemap-".Length..^".img".Length], NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            ? pid
            : null;

    /// <summary>Whether it is a pagemap, of a task or of shared memory.</summary>
    public static bool IsPagemap(string fileName) => fileName.StartsWith("pagemap-", StringComparison.Ordinal) && IsImage(fileName);

    /// <summary>N of pages-N.img; null for any other file.</summary>
    public static uint? IdOfPages(string fileName) =>
        fileName.StartsWith("pages-", StringComparison.Ordinal) && IsImage(fileName)
        && uint.TryParse(fileName.AsSpan()["pages-".Length..^".img".Length], NumberStyles.None, CultureInfo.InvariantCulture, out uint id)
            ? id
            : null;

    /// <param name="id">The segment's inode number.</param>
    public static string PagemapShmem(ulong id) => $"pagemap-shmem-{id}.img";

    /// <param name="id">pages_id of the pagemap that describes these pages.</param>
    public static string Pages(uint id) => $"pages-{id}.img";

    /// <summary>Whether a file of this name is an image, which a new pre-dump must not overwrite.</summary>
    public static bool IsImage(string fileName) => fileName.EndsWith(".img", StringComparison.Ordinal);
}
