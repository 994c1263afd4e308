using System.Collections;

namespace PreDump.Images;

/// <summary>One directory of a chain, described for output.</summary>
/// <param name="Path">The directory's absolute path, without symbolic links.</param>
/// <param name="ParentLink">The target of the link to the previous one; null in the first one, and if the parent is a
/// directory instead of a link.</param>
/// <param name="IsStripe">Whether it is a part of the round after it.</param>
public readonly record struct ChainLink(string Path, string? ParentLink, bool IsStripe = false)
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
/// </code>
/// A striped round is several of these directories: its own, and those of its stripes, which have a part of its pages
/// each.</summary>
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

    /// <summary>The number of rounds: of directories that are no stripes. The last one is a round, whatever mark it
    /// has.</summary>
    public int Rounds => 1 + _rounds.Skip(1).Count(round => !round.IsStripe);

    /// <summary>The number of directories that hold the last round's own pages: its own and its stripes.</summary>
    public int PartsOfLast => 1 + _rounds.Skip(1).TakeWhile(round => round.IsStripe).Count();

    /// <summary>The directory of the round that a directory is a part of.</summary>
    /// <param name="part">Its index.</param>
    public ImageDirectory RoundOf(int part)
    {
        while (part > 0 && _rounds[part].IsStripe)
            part--;
        return _rounds[part];
    }

    /// <summary>Opens a chain by the path of its last round.</summary>
    /// <exception cref="ImageException">There is no such directory, or the chain is broken.</exception>
    public static ImageChain Open(string last) => Open(ImageDirectory.Open(last));

    /// <summary>Opens a chain from its last round.</summary>
    /// <param name="last">The last round; owned by the chain.</param>
    /// <param name="most">The maximum number of rounds to open, including this one.</param>
    /// <exception cref="ImageException">A link is dangling or leads back into the chain, or the chain is longer than
    /// <see cref="MaxLength"/>.</exception>
    public static ImageChain Open(ImageDirectory last, int most = int.MaxValue) => Open(last, most, static _ => true);

    /// <summary>Opens the directories that hold a round's own pages: its own, and its stripes. The round's own pagemaps have all
    /// its pages, some of them as left to the parent, which are present in the stripes' pagemaps.</summary>
    /// <param name="round">The round's own directory; owned by the caller.</param>
    /// <exception cref="ImageException">A link is dangling or leads back.</exception>
    public static ImageChain OpenParts(ImageDirectory round) =>
        Open(round.Reopen(), most: round.IsStriped ? MaxLength : 1, static parent => parent.IsStripe);

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
                yield return new ChainLink(round.Path, round.ParentLink, round.IsStripe);
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

    /// <summary>The rounds among the directories of a chain, each with the link from its stripes, if it has any, to the round
    /// before; relative to its own directory, if it is a relative one.</summary>
    /// <param name="chain">The directories, the last one first.</param>
    public static IEnumerable<ChainLink> RoundsOf(IEnumerable<ChainLink> chain)
    {
        const string OutOfStripes = "../../";
        ChainLink? round = null;
        foreach (var link in chain)
        {
            if (link.IsStripe && round is { } striped)
            {
                bool isRelative = link.ParentLink?.StartsWith(OutOfStripes, StringComparison.Ordinal) == true;
                round = striped with { ParentLink = isRelative ? link.ParentLink![OutOfStripes.Length..] : link.ParentLink };
                continue;
            }
            if (round is { } whole)
                yield return whole;
            round = link;
        }
        if (round is { } first)
            yield return first;
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

    private static ImageChain Open(ImageDirectory last, int most, Func<ImageDirectory, bool> isWanted)
    {
        var chain = new ImageChain(last);
        try
        {
            var steps = new ChainSteps(last);
            while (chain.Count < most && steps.Next(chain._rounds[^1]) is { } parent)
            {
                if (!isWanted(parent))
                {
                    parent.Dispose();
                    break;
                }
                chain._rounds.Add(parent);
            }
            return chain;
        }
        catch
        {
            chain.Dispose();
            throw;
        }
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
