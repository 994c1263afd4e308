namespace PreDump.Images;

/// <summary>Which pages of a task a parent has.</summary>
public interface IParentCoverage : IDisposable
{
    /// <summary>Whether the parent has the pages from an address on.</summary>
    /// <param name="vaddr">In bytes, page aligned, not below that of the question before.</param>
    /// <param name="nrPages">How far the question goes, in pages, at least 1.</param>
    /// <param name="inParent">The answer.</param>
    /// <returns>How many pages, 1 to <paramref name="nrPages"/>, have this answer.</returns>
    /// <exception cref="ImageException">The pagemap is damaged.</exception>
    ulong Covered(ulong vaddr, ulong nrPages, out bool inParent);
}
