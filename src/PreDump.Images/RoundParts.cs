using System.Collections;

namespace PreDump.Images;

/// <summary>The open directories that hold a round's own pages: its own, and its stripes. The round's own pagemaps have all its
/// pages, some of them as left to the parent, which are present in the stripes' pagemaps.</summary>
public sealed class RoundParts : IReadOnlyList<ImageDirectory>, IDisposable
{
    private readonly List<ImageDirectory> _stripes = [];
    private readonly ImageDirectory _round;

    private RoundParts(ImageDirectory round) => _round = round;

    /// <summary>Opens them.</summary>
    /// <param name="round">The round's own directory, which comes first; owned by the caller.</param>
    /// <exception cref="ImageException">A link is dangling.</exception>
    public static RoundParts Of(ImageDirectory round)
    {
        var parts = new RoundParts(round);
        try
        {
            if (round.IsStriped)
                parts.OpenStripes();
            return parts;
        }
        catch
        {
            parts.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public int Count => 1 + _stripes.Count;

    /// <inheritdoc/>
    public ImageDirectory this[int part] => part == 0 ? _round : _stripes[part - 1];

    /// <inheritdoc/>
    public IEnumerator<ImageDirectory> GetEnumerator() => _stripes.Prepend(_round).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public void Dispose() => _stripes.ForEach(stripe => stripe.Dispose());

    private void OpenStripes()
    {
        var steps = new ChainSteps(_round);
        for (var next = steps.Next(_round); next is not null; next = steps.Next(next))
        {
            if (!next.IsStripe)
            {
                next.Dispose();
                return;
            }
            _stripes.Add(next);
        }
    }
}
