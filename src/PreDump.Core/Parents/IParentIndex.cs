using PreDump.Images;

namespace PreDump.Core.Parents;

/// <summary>The pagemaps of the previous round, by task. <see cref="Has"/> is called before the freeze, in it on its thread, and
/// after the thaw; <see cref="Open"/> and <see cref="OpenPages"/> only after the thaw, for each task by one thread at a
/// time.</summary>
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

    /// <summary>Opens the pages of a task, or of a segment of shared memory, through the whole chain; null if the parent does
    /// not have them, or if they can't be read from here.</summary>
    /// <param name="pagemap">The pagemap's name.</param>
    /// <exception cref="ImageException">A pagemap is damaged.</exception>
    ChainedPages? OpenPages(string pagemap);
}
