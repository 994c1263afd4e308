using Microsoft.Win32.SafeHandles;

namespace PreDump.Images;

/// <summary>Where the bytes of a run of pages are.</summary>
/// <param name="Round">The round whose pages file contains them; null if no round does.</param>
/// <param name="Offset">The first page's offset in that file, in bytes.</param>
public readonly record struct PageSource(ChainedPages? Round, ulong Offset);

/// <summary>Finds a task's pages in a chain of rounds. Queries must ascend, so that the pagemap of each round is read once, as a
/// stream, in constant memory. <see cref="Locate"/> is for one thread; <see cref="Read"/> may be called from several threads at
/// any time.</summary>
public sealed class ChainedPages : IDisposable
{
    // Small, because one pagemap is open per round; a record has about 20 bytes.
    private const int BufferBytes = 4096;

    private readonly PagemapReader _pagemap;
    private readonly Func<ChainedPages?> _openParent;
    private readonly ulong _pageSize;
    private readonly Lock _opening = new();
    private ChainedPages? _parent;
    private bool _parentIsOpen, _hasEntry;
    private PagemapEntry _entry;
    private ulong _offset; // where the entry's pages begin in the pages file, in bytes
    private volatile SafeFileHandle? _pages;

    private ChainedPages(PagemapReader pagemap, ImageDirectory directory, int pageSize, Func<ChainedPages?> openParent)
    {
        (_pagemap, Directory, _pageSize, _openParent) = (pagemap, directory, (ulong)pageSize, openParent);
        _hasEntry = pagemap.TryRead(out _entry);
    }

    /// <summary>The round's images.</summary>
    public ImageDirectory Directory { get; }

    /// <summary>The name of this round's pages-N.img.</summary>
    public string PagesName => ImageNames.Pages(_pagemap.PagesId);

    /// <summary>Opens a task's pages in a round; the earlier rounds are opened when a page of theirs is asked for.</summary>
    /// <param name="chain">The rounds; they must stay open as long as the result.</param>
    /// <param name="pagemapName">The pagemap's file name, from <see cref="ImageNames"/>.</param>
    /// <param name="pageSize">The page size of the images in bytes, a power of two.</param>
    /// <param name="round">The round to start at, an index into the chain.</param>
    /// <returns>Null if that round does not have the task.</returns>
    /// <exception cref="ImageException">The pagemap is damaged.</exception>
    public static ChainedPages? TryOpen(ImageChain chain, string pagemapName, int pageSize, int round = 0)
    {
        if (round >= chain.Count)
            return null;
        var pagemap = PagemapReader.TryOpen(chain[round], pagemapName, pageSize, BufferBytes);
        if (pagemap is null)
            return null;
        try
        {
            return new ChainedPages(pagemap, chain[round], pageSize, () => TryOpen(chain, pagemapName, pageSize, round + 1));
        }
        catch
        {
            pagemap.Dispose();
            throw;
        }
    }

    /// <summary>Finds where consecutive pages are.</summary>
    /// <param name="vaddr">The first page's address, not below that of the previous query.</param>
    /// <param name="nrPages">The number of pages to find, at least 1.</param>
    /// <param name="source">Where the first page is; the other pages of the answer follow it in the file.</param>
    /// <returns>The number of pages that the answer covers, 1 to <paramref name="nrPages"/>.</returns>
    /// <exception cref="ImageException">A pagemap of the chain is damaged.</exception>
    public ulong Locate(ulong vaddr, ulong nrPages, out PageSource source)
    {
        source = default;
        while (_hasEntry && End <= vaddr)
        {
            if (_entry.Flags.HasFlag(PageFlags.Present))
                _offset += _entry.NrPages * _pageSize;
            _hasEntry = _pagemap.TryRead(out _entry);
        }
        if (!_hasEntry)
            return nrPages;
        if (vaddr < _entry.Vaddr)
            return Math.Min(nrPages, (_entry.Vaddr - vaddr) / _pageSize);

        ulong here = Math.Min(nrPages, (End - vaddr) / _pageSize);
        if (_entry.Flags.HasFlag(PageFlags.Parent))
            return Parent?.Locate(vaddr, here, out source) ?? here;
        if (_entry.Flags.HasFlag(PageFlags.Present))
            source = new PageSource(this, _offset + (vaddr - _entry.Vaddr));
        return here;
    }

    /// <summary>Reads pages from this round's pages file. Thread-safe.</summary>
    /// <param name="offset">An offset that <see cref="Locate"/> found, in bytes.</param>
    /// <param name="to">Receives the bytes; filled completely.</param>
    /// <exception cref="ImageException">The pages file is missing, too short, or can't be read.</exception>
    public void Read(ulong offset, Span<byte> to)
    {
        var pages = _pages ?? OpenPages();
        try
        {
            while (!to.IsEmpty)
            {
                int got = RandomAccess.Read(pages, to, (long)offset);
                if (got == 0)
                    throw new ImageException(Directory.PathOf(PagesName),
                        $"ends at {offset} bytes, before the pages that its pagemap lists");
                to = to[got..];
                offset += (ulong)got;
            }
        }
        catch (IOException e)
        {
            throw new ImageException(Directory.PathOf(PagesName), $"can't be read at offset {offset} ({e.Message})", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pagemap.Dispose();
        _pages?.Dispose();
        _parent?.Dispose();
    }

    private SafeFileHandle OpenPages()
    {
        lock (_opening)
            return _pages ??= Directory.OpenHandle(PagesName);
    }

    private ulong End => _entry.Vaddr + _entry.NrPages * _pageSize;

    private ChainedPages? Parent
    {
        get
        {
            if (!_parentIsOpen)
                (_parent, _parentIsOpen) = (_openParent(), true);
            return _parent;
        }
    }
}
