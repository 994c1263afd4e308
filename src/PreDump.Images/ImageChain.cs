using System.Collections;

namespace PreDump.Images;

/// <summary>One round of a chain, described for output.</summary>
/// <param name="Path">The directory's absolute path, without symbolic links.</param>
/// <param name="ParentLink">The target of the link to the previous round; null in the first round, and if the parent is a
/// directory instead of a link.</param>
public readonly record struct ChainLink(string Path, string? ParentLink)
{
    /// <summary>Whether the link is absolute. Such a chain breaks when it is moved or copied elsewhere; CRIU's own links are
    /// relative.</summary>
    public bool HasAbsoluteLink => ParentLink is ['/', ..];
}

/// <summary>The open image directories of a chain, from the last round to the first, connected by symbolic links named parent
/// (CRIU image format):
/// <code>
///   chain[0]                chain[1]                chain[2]
///   3/ --- parent: ../2 --> 2/ --- parent: ../1 --> 1/  (no parent)
///   pagemap-7.img           pagemap-7.img           pagemap-7.img
///     A  present              A  present              A  present
///     B  in parent   ------>  B  in parent   ------>  B  present   (B is read from 1/pages-1.img)
/// </code></summary>
public sealed class ImageChain : IReadOnlyList<ImageDirectory>, IDisposable
{
    /// <summary>The maximum length of a chain. Reading a page of its first round keeps two files of every round open, as in a
    /// restore by CRIU.</summary>
    public const int MaxLength = 1000;

    private readonly List<ImageDirectory> _rounds = [];

    private ImageChain(ImageDirectory last) => _rounds.Add(last);

    /// <inheritdoc/>
    public int Count => _rounds.Count;

    /// <inheritdoc/>
    public ImageDirectory this[int round] => _rounds[round];

    /// <summary>Opens a chain by the path of its last round.</summary>
    /// <exception cref="ImageException">There is no such directory, or the chain is broken.</exception>
    public static ImageChain Open(string last) => Open(ImageDirectory.Open(last));

    /// <summary>Opens a chain from its last round.</summary>
    /// <param name="last">The last round; owned by the chain.</param>
    /// <param name="most">The maximum number of rounds to open, including this one.</param>
    /// <exception cref="ImageException">A link is dangling or leads back into the chain, or the chain is longer than
    /// <see cref="MaxLength"/>.</exception>
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

    /// <summary>Enumerates the rounds of a chain, with at most two directories open at a time.</summary>
    /// <param name="last">The last round; owned by the caller.</param>
    /// <exception cref="ImageException">A link is dangling or leads back into the chain, or the chain is longer than
    /// <see cref="MaxLength"/>.</exception>
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

/// <summary>Steps from each round of a chain to the previous one, and detects loops.</summary>
/// <param name="last">The last round.</param>
internal sealed class ChainSteps(ImageDirectory last)
{
    private readonly HashSet<(ulong Device, ulong Inode)> _seen = [last.Descriptor.Identity];

    /// <summary>Opens the round before; null if there is none.</summary>
    /// <exception cref="ImageException">The link is dangling or leads back into the chain, or the chain is too long.</exception>
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
