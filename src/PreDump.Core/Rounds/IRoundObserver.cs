using PreDump.Core.Copying;

namespace PreDump.Core.Rounds;

/// <summary>Receives the progress of a round. The methods declared here are called by the round's own thread, in this order;
/// those of <see cref="IObserver"/> from several threads.</summary>
public interface IRoundObserver : IObserver
{
    /// <summary>The tree is running again. An exception fails the round.</summary>
    void Thawed();

    /// <summary>Copying begins.</summary>
    /// <param name="expectedBytes">The estimated number of bytes to copy.</param>
    void Copying(ulong expectedBytes);

    /// <summary>Copying progresses. Called about ten times per second.</summary>
    /// <param name="pages">The number of pages done so far.</param>
    void Copied(ulong pages);

    /// <summary>All pages are written or acknowledged. Only the inventory is missing now.</summary>
    /// <param name="summary">The round's figures.</param>
    void Written(Summary summary);
}
