namespace PreDump.Images;

/// <summary>The pages of one task that the parent images contain. Used by one thread at a time.</summary>
public interface IParentCoverage : IDisposable
{
    /// <summary>Finds out whether the parent has consecutive pages.</summary>
    /// <param name="vaddr">The first page's address, not below that of the previous query.</param>
    /// <param name="nrPages">The number of pages, at least 1.</param>
    /// <param name="inParent">Whether the parent has them.</param>
    /// <returns>The number of pages that the answer covers, 1 to <paramref name="nrPages"/>.</returns>
    /// <exception cref="ImageException">The pagemap is damaged.</exception>
    ulong Covered(ulong vaddr, ulong nrPages, out bool inParent);
}
