using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Engine;

/// <summary>The pagemaps in a directory of images.</summary>
internal sealed class LocalParentPagemaps(ParentImages images, string directory) : IParentPagemaps
{
    // Listed once, so that the freeze need not look for files.
    private readonly HashSet<int> _imagePids =
        [.. Directory.EnumerateFiles(directory).Select(file => ImageNames.PidOfPagemap(Path.GetFileName(file))).OfType<int>()];

    /// <inheritdoc/>
    public string Where => directory;

    /// <inheritdoc/>
    public string Advice => "they are of another tree; give the directory of this tree's last round";

    /// <inheritdoc/>
    public bool Has(int imagePid) => _imagePids.Contains(imagePid);

    /// <inheritdoc/>
    public IParentPagemap? Open(int imagePid) => images.OpenPagemap(imagePid, PageSize.Bytes);
}
