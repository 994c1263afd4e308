using PreDump.Core.Parents;
using PreDump.Core.Sinks;

namespace PreDump.Core.Rounds;

/// <summary>Somewhere else that takes the pages of a round, instead of the images directory, and that has the parent's.</summary>
public interface IRemoteRound
{
    /// <summary>For messages.</summary>
    string Name { get; }

    /// <summary>Takes the pages.</summary>
    IPageSink Sink { get; }

    /// <summary>Asks which tasks of the tree its parent has.</summary>
    IParentIndex OpenParent();
}
