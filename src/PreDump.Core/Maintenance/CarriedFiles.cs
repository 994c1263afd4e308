using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Maintenance;

/// <summary>What a squashed directory takes over from the last round as it is: all of it but memory, stripes, the link to the
/// parent, and what rounds that were killed have left. In place the new directory gets hard links, which cost nothing and keep
/// owner, mode and times; the old names go with the old directory. Elsewhere it gets copies: two directories that share a file
/// would be spoilt together by whatever changes an image in place, such as criu, when it dumps into one of them again.</summary>
/// <param name="images">The last round.</param>
internal sealed class CarriedFiles(ImageDirectory images)
{
    private static readonly string[] s_leftOut =
    [
        ImageNames.Parent, ImageNames.Begun, ImageNames.NewChild, ImageNames.NewInventory, ImageNames.ClaimedInventory,
        ImageNames.StripeMark,
    ];

    private readonly IReadOnlyList<string> _names = images.Names();

    /// <summary>Refuses what is none of a round's: directories, and all but files unless links to them can be made.</summary>
    /// <exception cref="PreDumpException">There is such a thing.</exception>
    public void RefuseDirectories()
    {
        foreach (string name in _names.Where(name => name != ImageNames.Parent && !IsStripes(name) && images.Has($"{name}/.")))
            throw new PreDumpException(name.StartsWith(ImageNames.IncomingPrefix, StringComparison.Ordinal)
                ? $"a page server is receiving images into {images.Path} ({name}): wait until it has ended"
                : $"{images.Path} has a directory, {name}, which images never have: give the directory of a round or a dump");
    }

    /// <summary>Takes all of them over; last, what makes the images complete.</summary>
    /// <param name="to">The new directory.</param>
    /// <param name="inPlace">Whether it will replace the old one.</param>
    /// <returns>Whether there is a frame ledger among them.</returns>
    /// <exception cref="ImageException">An image can't be read.</exception>
    /// <exception cref="LinuxException">The new ones can't be written.</exception>
    public bool TakeOver(DirectoryFd to, bool inPlace)
    {
        bool keepsFrames = LedgerIsSound();
        foreach (string name in _names.Where(name => IsCarried(name) && !IsStripes(name)).OrderBy(IsLast))
            if ((name != ImageNames.Frames || keepsFrames) && !(inPlace && images.Descriptor.TryLinkInto(to, name) == 0))
                Copy(name, to);
        return keepsFrames;
    }

    private static bool IsCarried(string name) =>
        !ImageNames.IsPagemap(name) && ImageNames.IdOfPages(name) is null && !s_leftOut.Contains(name);

    private bool IsStripes(string name) => name == ImageNames.Stripes && images.IsStriped;

    private static bool IsLast(string name) => name is ImageNames.Inventory or ImageNames.PageServerMark;

    // The squashed round is the same one: the same pages, with the same bytes. A ledger that readers would refuse is left out,
    // because a copy that belongs to us would be trusted.
    private bool LedgerIsSound()
    {
        if (!images.Has(ImageNames.Inventory))
            return false;
        try
        {
            using var ledger = FrameLedger.TryOpen(images);
            return ledger is not null && ledger.Head.DumpUptime == InventoryImage.Read(images).DumpUptime;
        }
        catch (ImageException)
        {
            return false;
        }
    }

    private void Copy(string name, DirectoryFd to)
    {
        using var from = images.OpenImage(name);
        using var copy = to.CreatePrivate(name);
        ulong length = from.Length;
        new FileCopy(from, copy).Copy(0, 0, length);
        copy.Truncate(length);
        copy.Close();
    }
}
