using PreDump.Linux;

namespace PreDump.Images;

/// <summary>
/// The pages that a parent's pagemap contains. Queries must ascend, so that the pagemap is read once, as a stream, in constant
/// memory.
/// </summary>
public sealed class ParentCoverage : IParentCoverage
{
    private const PageFlags Anywhere = PageFlags.Present | PageFlags.Parent;

    private readonly PagemapReader _reader;
    private readonly ulong _pageSize;
    private PagemapEntry _next; // the first entry after the run
    private bool _hasNext;
    private MemoryRange _run; // adjacent entries, merged
    private ulong _asked; // the address of the previous query

    /// <summary>Wraps a reader.</summary>
    /// <param name="reader">A reader at its first entry; closed with this object.</param>
    /// <param name="pageSize">The reader's page size in bytes.</param>
    /// <exception cref="ImageException">The first entry is damaged.</exception>
    public ParentCoverage(PagemapReader reader, int pageSize)
    {
        _reader = reader;
        _pageSize = (ulong)pageSize;
        ReadNext();
    }

    /// <summary>Opens a pagemap of the parent. Directly used only by a page server, whose parent has no inventory; see
    /// <see cref="ParentInventory"/>.</summary>
    /// <param name="directory">The parent's images.</param>
    /// <param name="fileName">The pagemap's file name, from <see cref="ImageNames"/>.</param>
    /// <param name="pageSize">The page size of the images in bytes, a power of two.</param>
    /// <returns>Null if the parent has no such file.</returns>
    /// <exception cref="ImageException">The pagemap is damaged, or its pages file is missing.</exception>
    public static ParentCoverage? TryOpen(ImageDirectory directory, string fileName, int pageSize)
    {
        PagemapReader? reader = PagemapReader.TryOpen(directory, fileName, pageSize);
        if (reader is null)
            return null;
        try
        {
            // CRIU's dump would succeed without this file, and its restore would fail.
            string pages = ImageNames.Pages(reader.PagesId);
            if (!directory.Has(pages))
                throw new ImageException(directory.PathOf(pages), $"no such file, but {fileName} says its pages are there");
            return new ParentCoverage(reader, pageSize);
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>The page size of the images in bytes.</summary>
    public int PageSize => (int)_pageSize;

    /// <inheritdoc/>
    /// <remarks>An entry covers a page if it is present, or itself in a parent.</remarks>
    public ulong Covered(ulong vaddr, ulong nrPages, out bool inParent)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vaddr, _asked);
        ArgumentOutOfRangeException.ThrowIfNotEqual(vaddr % _pageSize, 0UL, nameof(vaddr));
        ArgumentOutOfRangeException.ThrowIfZero(nrPages);
        _asked = vaddr;

        while (_run.End <= vaddr && _hasNext)
            NextRun();

        inParent = _run.Start <= vaddr && vaddr < _run.End;
        if (_run.End <= vaddr)
            return nrPages;
        ulong change = inParent ? _run.End : _run.Start;
        return Math.Min(nrPages, (change - vaddr) / _pageSize);
    }

    /// <inheritdoc/>
    public void Dispose() => _reader.Dispose();

    private void NextRun()
    {
        _run = new MemoryRange(_next.Vaddr, 0);
        while (_hasNext && MemoryRange.TryJoin(ref _run, _next.Range(_pageSize)))
            ReadNext();
    }

    // Skips entries that are neither present nor in a parent (of a lazy dump).
    private void ReadNext()
    {
        do
            _hasNext = _reader.TryRead(out _next);
        while (_hasNext && (_next.Flags & Anywhere) == 0);
    }
}
