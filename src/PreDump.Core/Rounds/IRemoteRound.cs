using PreDump.Core.Parents;
using PreDump.Core.Sinks;

namespace PreDump.Core.Rounds;

/// <summary>A remote receiver of a round's pages, such as a page server, which also has the parent's pages. Called by the round's
/// own thread.</summary>
public interface IRemoteRound
{
    /// <summary>The receiver's name, for messages.</summary>
    string Name { get; }

    /// <summary>Bytes that were sent so far, over the network.</summary>
    long BytesSent { get; }

    /// <summary>Receives the pages.</summary>
    IPageSink Sink { get; }

    /// <summary>Finds out which tasks of the tree the remote parent has.</summary>
    IParentIndex OpenParent();
}
