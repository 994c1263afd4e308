using PreDump.Images;

namespace PreDump.Core.Parents;

/// <summary>The pagemaps of the previous round, by task. <see cref="Has"/> is called in the freeze, on its thread;
/// <see cref="Open"/> after the thaw, by the thread that plans the copy; <see cref="OpenPages"/> by that thread or by one that
/// copies.</summary>
public interface IParentIndex : IDisposable
{
    /// <summary>Where the pagemaps are, for messages.</summary>
    string Where { get; }

    /// <summary>What to do if the pagemaps are not those of the tree, for messages.</summary>
    string Advice { get; }

    /// <summary>Whether there is a pagemap for a pid. Must neither block nor allocate.</summary>
    /// <param name="imagePid">The task's pid in its innermost pid namespace.</param>
    bool Has(int imagePid);

    /// <summary>Opens a task's pagemap; null if there is none.</summary>
    /// <param name="imagePid">The task's pid in its innermost pid namespace.</param>
    /// <exception cref="ImageException">The pagemap is damaged.</exception>
    IParentCoverage? Open(int imagePid);

    /// <summary>Opens a task's pages, through as much of the chain as can be read on this machine; null if there are
    /// none.</summary>
    /// <param name="imagePid">The task's pid in its innermost pid namespace.</param>
    /// <exception cref="ImageException">The pagemap is damaged.</exception>
    ChainedPages? OpenPages(int imagePid);
}
