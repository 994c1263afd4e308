using PreDump.Images;

namespace PreDump.PageServer.Serving;

/// <summary>Where the images of sessions go, and which images are the parent of which. Sessions call its members from
/// their own threads.</summary>
public interface IRounds : IDisposable
{
    /// <summary>The time, by a clock of its own: later values are larger. Called by the server's thread.</summary>
    long Moment();

    /// <summary>Begins the round of a session, on its thread.</summary>
    /// <param name="connected">The moment at which its peer connected.</param>
    IRound Begin(long connected);
}

/// <summary>The round of one session; if it is disposed without <see cref="Finish"/>, nothing of it is left.</summary>
public interface IRound : IDisposable
{
    /// <summary>Takes the images that are received.</summary>
    IReceivedImages Images { get; }

    /// <summary>The parent that has a pagemap; the round's own, to be read from. Null where there is none.</summary>
    ImageDirectory? ParentWith(string pagemap);

    /// <summary>Moves the images to their place: they are complete then.</summary>
    /// <param name="hasHoles">Whether pages were left to the parent.</param>
    FinishedRound Finish(bool hasHoles);
}

/// <summary>Where a round is, and what its parent is.</summary>
/// <param name="Directory">Where its images are.</param>
/// <param name="Number">Its number; null if there is only one.</param>
/// <param name="Parent">The parent's directory; null for none.</param>
public readonly record struct FinishedRound(string Directory, int? Number, string? Parent);
