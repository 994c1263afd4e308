using PreDump.Linux;

namespace PreDump.Images;

/// <summary>
/// Answers which pages a parent's pagemap covers, for questions in ascending order and in constant memory: the
/// entries are streamed past the questions.
/// </summary>
public sealed class ParentCoverage : IParentCoverage
{
    private const PageFlags Anywhere = PageFlags.Present | PageFlags.Parent;

    private readonly PagemapReader _reader;
    private readonly ulong _pageSize;
    private PagemapEntry _next; // the first entry after the run
    private bool _hasNext;
    private MemoryRange _run; // adjacent entries as one
    private ulong _asked; // where the last question began

    /// <summary>Begins before a pagemap's first entry.</summary>
    /// <param name="reader">At its first entry; owned afterwards.</param>
    /// <param name="pageSize">In bytes, the reader's.</param>
    /// <exception cref="ImageException">The first entry is damaged.</exception>
    public ParentCoverage(PagemapReader reader, int pageSize)
    {
        _reader = reader;
        _pageSize = (ulong)pageSize;
        ReadNext();
    }

    /// <summary>Opens a pagemap of a parent's. For a page server, whose parent has no inventory; others ask
    /// <see cref="ParentImages"/>.</summary>
    /// <param name="directory">The parent's.</param>
    /// <param name="fileName">As <see cref="ImageNames"/> gives it.</param>
    /// <param name="pageSize">In bytes, a power of two.</param>
    /// <returns>Null if the parent has no such file.</returns>
    /// <exception cref="ImageException">A damaged pagemap, or one whose pages are missing.</exception>
    public static ParentCoverage? TryOpen(ImageDirectory directory, string fileName, int pageSize)
    {
        PagemapReader? reader = PagemapReader.TryOpen(directory, fileName, pageSize);
        if (reader is null)
            return null;
        try
        {
            // CRIU's dump would go on without this parent, and its restore would fail.
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

    /// <summary>The size of a page, in bytes.</summary>
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

    // Entries that are neither here nor in a parent (a lazy dump's) cover nothing.
    private void ReadNext()
    {
        do
            _hasNext = _reader.TryRead(out _next);
        while (_hasNext && (_next.Flags & Anywhere) == 0);
    }
}
