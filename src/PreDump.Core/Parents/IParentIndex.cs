using PreDump.Images;

namespace PreDump.Core.Parents;

/// <summary>Where the pagemaps of the round before are, and of which tasks.</summary>
public interface IParentIndex : IDisposable
{
    /// <summary>The place, for messages.</summary>
    string Where { get; }

    /// <summary>What to do where they are not those of the tree.</summary>
    string Advice { get; }

    /// <summary>Whether there are some of this pid. Costs nothing: it is asked in the freeze.</summary>
    bool Has(int imagePid);

    /// <summary>A task's; null where there is none.</summary>
    IParentCoverage? Open(int imagePid);

    /// <summary>A task's pages, through as much of the chain as can be read here; null where there are none.</summary>
    ChainedPages? OpenPages(int imagePid);
}
