using PreDump.Core.Copying;

namespace PreDump.Core.Rounds;

/// <summary>Told how a round goes; the methods of this interface itself by the round's own thread, in this order.</summary>
public interface IRoundObserver : IObserver
{
    /// <summary>The tree runs on. What fails here fails the round.</summary>
    void Thawed();

    /// <summary>Copying begins.</summary>
    /// <param name="expectedBytes">About how much there is, in bytes.</param>
    void Copying(ulong expectedBytes);

    /// <summary>So many pages are done; told about ten times a second.</summary>
    void Copied(ulong pages);

    /// <summary>All pages are where they belong; what follows is the inventory, after which the images are whole.</summary>
    void Written(Summary summary);
}
