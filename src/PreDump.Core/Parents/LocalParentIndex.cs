using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Parents;

/// <summary>The pagemaps in a directory of images.</summary>
/// <param name="images">The parent's.</param>
/// <param name="directory">Where they are; the caller's.</param>
public sealed class LocalParentIndex(ParentImages images, ImageDirectory directory) : IParentIndex
{
    // Three descriptors and some KB for each round and task. What no later round has is compared with none, and so copied anew.
    private const int MostRounds = 16, DescriptorLimitForOne = 128;

    // Listed once, so that the freeze need not look for files.
    private readonly HashSet<int> _imagePids = [.. directory.Names().Select(ImageNames.PidOfPagemap).OfType<int>()];

    private readonly ImageChain _chain = ImageChain.Open(directory.Reopen(), (int)Math.Min(OwnProcess.DescriptorLimit / DescriptorLimitForOne, MostRounds));

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
