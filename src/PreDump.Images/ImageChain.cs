using System.Collections;

namespace PreDump.Images;

/// <summary>One round of a chain, for a reader.</summary>
/// <param name="Path">Absolute, without symbolic links.</param>
/// <param name="ParentLink">
/// The text of its link to the round before; null in the first round, and where the parent is a plain directory.
/// </param>
public readonly record struct ChainLink(string Path, string? ParentLink)
{
    /// <summary>Such a chain breaks when it is moved or copied to another machine; CRIU's own links are relative.</summary>
    public bool HasAbsoluteLink => ParentLink is ['/', ..];
}

/// <summary>A directory of images with the rounds before it, along the links named parent (CRIU image format), all of them open: the last
/// round is number 0, the one before it is 1, and so on.</summary>
public sealed class ImageChain : IReadOnlyList<ImageDirectory>, IDisposable
{
    /// <summary>Most directories in a chain: reading a page of the first one keeps two files of each open, as in CRIU's restore.</summary>
    public const int MaxLength = 1000;

    private readonly List<ImageDirectory> _rounds = [];

    private ImageChain(ImageDirectory last) => _rounds.Add(last);

    /// <inheritdoc/>
    public int Count => _rounds.Count;

    /// <inheritdoc/>
    public ImageDirectory this[int round] => _rounds[round];

    /// <summary>Opens a chain by the path of its last round.</summary>
    /// <exception cref="ImageException">No such directory, or a chain that is broken.</exception>
    public static ImageChain Open(string last) => Open(ImageDirectory.Open(last));

    /// <summary>Opens the rounds before one.</summary>
    /// <param name="last">The last round; owned from then on.</param>
    /// <param name="most">How many rounds to open at most, this one included.</param>
    /// <exception cref="ImageException">A link that leads nowhere, or back into the chain, or a chain without end.</exception>
    public static ImageChain Open(ImageDirectory last, int most = int.MaxValue)
    {
        var chain = new ImageChain(last);
        try
        {
            var steps = new ChainSteps(last);
            while (chain.Count < most && steps.Next(chain._rounds[^1]) is { } parent)
                chain._rounds.Add(parent);
            return chain;
        }
        catch
        {
            chain.Dispose();
            throw;
        }
    }

    /// <summary>The rounds of a chain, one after the other: no more than two directories are open at a time.</summary>
    /// <param name="last">The last round; the caller's.</param>
    /// <exception cref="ImageException">A link that leads nowhere, or back into the chain, or a chain without end.</exception>
    public static IEnumerable<ChainLink> Walk(ImageDirectory last)
    {
        var steps = new ChainSteps(last);
        ImageDirectory? round = last;
        while (round is not null)
        {
            ImageDirectory? parent = null;
            try
            {
                yield return new ChainLink(round.Path, round.ParentLink);
                parent = steps.Next(round);
            }
            finally
            {
                if (round != last)
                    round.Dispose();
            }
            round = parent;
        }
    }

    /// <inheritdoc/>
    public IEnumerator<ImageDirectory> GetEnumerator() => _rounds.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var round in _rounds)
            round.Dispose();
    }
}

/// <summary>Goes from each round to the one before it, and notices where that does not end.</summary>
/// <param name="last">The last round.</param>
internal sealed class ChainSteps(ImageDirectory last)
{
    private readonly HashSet<(ulong Device, ulong Inode)> _seen = [last.Descriptor.Identity];

    /// <summary>Opens the round before; null where there is none.</summary>
    /// <exception cref="ImageException">A link that leads nowhere, or back into the chain, or a chain without end.</exception>
    public ImageDirectory? Next(ImageDirectory round)
    {
        if (round.OpenParent() is not { } parent)
            return null;
        string? problem = !_seen.Add(parent.Descriptor.Identity) ? "the chain of parents comes back here"
            : _seen.Count > ImageChain.MaxLength ? $"the chain of parents is longer than {ImageChain.MaxLength} directories"
            : null;
        if (problem is null)
            return parent;
        string path = parent.Path;
        parent.Dispose();
        throw new ImageException(path, problem);
    }
}
