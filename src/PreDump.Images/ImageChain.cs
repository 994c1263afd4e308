namespace PreDump.Images;

/// <summary>One directory of a chain of rounds.</summary>
/// <param name="Path">Absolute, without symbolic links.</param>
/// <param name="ParentLink">
/// The text of its link to the round before; null in the first round, and where the parent is a plain directory.
/// </param>
public readonly record struct ChainLink(string Path, string? ParentLink)
{
    /// <summary>Such a chain breaks when it is moved or copied to another machine; CRIU's own links are relative.</summary>
    public bool HasAbsoluteLink => ParentLink is ['/', ..];
}

/// <summary>The rounds before an image directory, along the links named parent (CRIU image format).</summary>
public static class ImageChain
{
    /// <summary>Most directories in a chain: reading a page of the first one keeps two files of each open, as in CRIU's restore.</summary>
    public const int MaxLength = 1000;

    /// <summary>The directory, its parent, the parent's parent, up to the first round.</summary>
    /// <exception cref="ImageException">A link that leads nowhere, or back into the chain, or a chain without end.</exception>
    public static IEnumerable<ChainLink> Walk(string directory)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        string? path = RealPath.Of(directory);
        while (path is not null)
        {
            if (!seen.Add(path))
                throw new ImageException(path, "the chain of parents comes back here");
            if (seen.Count > MaxLength)
                throw new ImageException(path, $"the chain of parents is longer than {MaxLength} directories");

            string parent = Path.Combine(path, ImageNames.Parent);
            string? link = new FileInfo(parent).LinkTarget;
            yield return new ChainLink(path, link);
            path = link is not null || Path.Exists(parent) ? RealPath.Of(parent) : null;
        }
    }
}
