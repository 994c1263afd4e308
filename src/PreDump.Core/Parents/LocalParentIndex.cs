using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Parents;

/// <summary>The pagemaps in a local directory of images.</summary>
/// <param name="images">The parent's images.</param>
/// <param name="directory">The directory they are in; owned by the caller.</param>
public sealed class LocalParentIndex(ParentImages images, ImageDirectory directory) : IParentIndex
{
    // A round takes three descriptors and some KB per task. A page that is only in earlier rounds is not compared but copied
    // again.
    private const int MaxRounds = 16, DescriptorLimitPerRound = 128;

    // Listed in advance, so that the freeze does not search for files.
    private readonly HashSet<int> _imagePids = [.. directory.Names().Select(ImageNames.PidOfPagemap).OfType<int>()];

    private readonly ImageChain _chain = ImageChain.Open(
        directory.Reopen(), (int)Math.Min(OwnProcess.DescriptorLimit / DescriptorLimitPerRound, MaxRounds));

    /// <inheritdoc/>
    public string Where => directory.Path;

    /// <inheritdoc/>
    public string Advice => "they are of another tree; give the directory of this tree's last round";

    /// <inheritdoc/>
    public bool Has(int imagePid) => _imagePids.Contains(imagePid);

    /// <inheritdoc/>
    public IParentCoverage? Open(int imagePid) => images.OpenPagemap(imagePid, PageSize.Bytes);

    /// <inheritdoc/>
    public ChainedPages? OpenPages(int imagePid) => ChainedPages.TryOpen(_chain, ImageNames.Pagemap(imagePid), PageSize.Bytes);

    /// <inheritdoc/>
    public void Dispose() => _chain.Dispose();
}
