using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Parents;

/// <summary>The pagemaps in a local directory of images.</summary>
/// <param name="directory">The directory of the parent's images; owned by the caller.</param>
/// <param name="most">The maximum number of directories to look into, rounds or stripes of them. A page that is only in earlier
/// rounds is not compared but copied again.</param>
public sealed class LocalParentIndex(ImageDirectory directory, int most = LocalParentIndex.MostForFew) : IParentIndex
{
    /// <summary>Directories to look into where few pages are compared.</summary>
    public const int MostForFew = 32;

    // A round takes three descriptors and some KB for each task that is under way.
    private const int DescriptorsPerRound = 24;

    // Listed in advance, so that the freeze does not search for files.
    private readonly HashSet<int> _imagePids = [.. directory.Names().Select(ImageNames.PidOfPagemap).OfType<int>()];

    private readonly ImageChain _chain = ImageChain.Open(
        directory.Reopen(), (int)Math.Min(OwnProcess.DescriptorLimit / DescriptorsPerRound, (ulong)most));

    /// <inheritdoc/>
    public string Where => directory.Path;

    /// <inheritdoc/>
    public string Advice => "they are of another tree; give the directory of this tree's last round";

    /// <inheritdoc/>
    public bool Has(int imagePid) => _imagePids.Contains(imagePid);

    /// <inheritdoc/>
    public IParentCoverage? Open(int imagePid) =>
        ParentCoverage.TryOpen(directory, ImageNames.Pagemap(imagePid), PageSize.Bytes);

    /// <inheritdoc/>
    public ChainedPages? OpenPages(string pagemap) => ChainedPages.TryOpen(_chain, pagemap, PageSize.Bytes);

    /// <inheritdoc/>
    public void Dispose() => _chain.Dispose();
}
