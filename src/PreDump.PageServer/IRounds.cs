using PreDump.Images;

namespace PreDump.PageServer;

/// <summary>Where the images of sessions go, and which images are whose parent. Its members may be called by several threads.</summary>
public interface IRounds : IDisposable
{
    /// <summary>A moment: later ones are larger.</summary>
    long Moment();

    /// <summary>Begins a round.</summary>
    /// <param name="connected">The moment at which its peer connected.</param>
    IRound Begin(long connected);
}

/// <summary>The round of one session; disposed without <see cref="Finish"/> nothing of it is left.</summary>
public interface IRound : IDisposable
{
    /// <summary>What is received.</summary>
    IncomingImages Images { get; }

    /// <summary>The parent that has a pagemap; the round's own, to be read from. Null where there is none.</summary>
    ImageDirectory? ParentWith(string pagemap);

    /// <summary>Moves the images to their place: from now on they are whole.</summary>
    /// <param name="hasHoles">Whether pages were left to the parent.</param>
    FinishedRound Finish(bool hasHoles);
}

/// <summary>Where a round is, and what its parent is.</summary>
/// <param name="Directory">Where its images are.</param>
/// <param name="Number">Its number; null where there is but one.</param>
/// <param name="Parent">The parent's directory; null for none.</param>
public readonly record struct FinishedRound(string Directory, int? Number, string? Parent);
