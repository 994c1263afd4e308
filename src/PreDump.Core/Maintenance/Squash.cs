using System.Diagnostics;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Maintenance;

/// <summary>Makes one directory of a chain of rounds, with or without a final dump on top, that needs no parent:
/// <code>
///   check the chain --> copy pages of all rounds --> take over the rest --> check --> to the disk --> into its place
///                       |&lt;----- in a directory beside the place, which no tool takes for images ---->|
/// </code>
/// It is the last round: the same tasks, pages, bytes, and frames, so that the next round may be built upon it. Parents are only
/// read.</summary>
public static class Squash
{
    /// <summary>Squashes a chain.</summary>
    /// <param name="images">The last round, or the final dump.</param>
    /// <param name="output">The path of the new directory: nothing, or an empty directory; null replaces the last
    /// round.</param>
    /// <param name="observer">Receives warnings.</param>
    /// <param name="cancel">Ends it early; nothing is left then.</param>
    /// <exception cref="KnownFailureException">The images are incomplete or in use, or the place can't be used.</exception>
    /// <exception cref="LinuxException">The images can't be written.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static SquashResult Run(ImageDirectory images, string? output, IObserver observer, CancellationToken cancel)
    {
        long begun = Stopwatch.GetTimestamp();
        var before = SquashedHeir.Of(images);
        ImageCheck.RefuseUnsound(images, PageSize.Bytes, "nothing was squashed");
        var carried = new CarriedFiles(images);
        carried.RefuseDirectories();
        var names = images.Names().Where(ImageNames.IsPagemap).ToList();
        if (names.Count == 0)
            throw new PreDumpException($"{images.Path} has no memory ({ImageNames.Pagemap(1)} and the like): if its pages are on "
                + "a page server, squash them there");

        using var chain = ImageChain.Open(images.Reopen());
        using var place = output is null ? SquashPlace.Of(images) : SquashPlace.At(output, images);
        using var pages = new SquashedPages(chain, place.Directory, cancel);
        bool isDone = place.IsInPlace && chain.Count == 1, keepsFrames = false;
        if (!isDone)
        {
            foreach (string name in names)
                pages.Write(name, looksLikeOld: place.IsInPlace);
            keepsFrames = carried.TakeOver(place.Directory, place.IsInPlace);
            RefuseUnsound(place.Directory);
            place.Sync();
            cancel.ThrowIfCancellationRequested();
            before.HandOver(place, observer);
        }
        else
            keepsFrames = images.Has(ImageNames.Frames);
        return new SquashResult(place.Path, chain.Rounds, names.Count(name => ImageNames.PidOfPagemap(name) is not null),
            pages.Pages, pages.FromParents, keepsFrames,
            [.. chain.Skip(place.IsInPlace ? 1 : 0).Where(round => !round.IsStripe).Select(round => round.Path)],
            Stopwatch.GetElapsedTime(begun));
    }

    private static void RefuseUnsound(DirectoryFd made)
    {
        using var images = ImageDirectory.Adopt(made.TryOpenDirectory(".", out int error)
            ?? throw new LinuxException("open", made.Path, error));
        ImageCheck.RefuseUnsound(images, PageSize.Bytes, "nothing was squashed");
    }
}
