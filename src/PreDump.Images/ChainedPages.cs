using Microsoft.Win32.SafeHandles;

namespace PreDump.Images;

/// <summary>Where the bytes of pages are.</summary>
/// <param name="Round">The round whose pages file has them; null: none.</param>
/// <param name="Offset">Of the first one in that file, in bytes.</param>
public readonly record struct PageSource(ChainedPages? Round, ulong Offset);

/// <summary>A task's pages through the whole chain of rounds, asked for in ascending order: the pagemap of each round is streamed
/// past the questions, so memory is constant.</summary>
public sealed class ChainedPages : IDisposable
{
    // One is open for each round: records of some 20 bytes still come by the hundred.
    private const int BufferBytes = 4096;

    private readonly PagemapReader _pagemap;
    private readonly Func<ChainedPages?> _openParent;
    private readonly ulong _pageSize;
    private readonly Lock _opening = new();
    private ChainedPages? _parent;
    private bool _parentIsOpen, _hasEntry;
    private PagemapEntry _entry;
    private ulong _offset; // of the entry's pages in the file, in bytes
    private volatile SafeFileHandle? _pages;

    private ChainedPages(PagemapReader pagemap, string pagesPath, int pageSize, Func<ChainedPages?> openParent)
    {
        (_pagemap, PagesPath, _pageSize, _openParent) = (pagemap, pagesPath, (ulong)pageSize, openParent);
        _hasEntry = pagemap.TryRead(out _entry);
    }

    /// <summary>pages-N.img of this round.</summary>
    public string PagesPath { get; }

    /// <summary>Opens a task's pages.</summary>
    /// <param name="chain">As <see cref="ImageChain.Walk"/> gives it.</param>
    /// <param name="pagemapName">As <see cref="ImageNames"/> gives it.</param>
    /// <param name="pageSize">In bytes, a power of two.</param>
    /// <param name="round">Where to begin in the chain.</param>
    /// <returns>Null if that round has nothing of the task.</returns>
    /// <exception cref="ImageException">A damaged pagemap; those of the rounds before are opened when a page of theirs is asked
    /// for.</exception>
    public static ChainedPages? TryOpen(IReadOnlyList<ChainLink> chain, string pagemapName, int pageSize, int round = 0)
    {
        if (round >= chain.Count)
            return null;
        string directory = chain[round].Path;
        var pagemap = PagemapReader.TryOpen(Path.Combine(directory, pagemapName), pageSize, BufferBytes);
        if (pagemap is null)
            return null;
        try
        {
            return new ChainedPages(pagemap, Path.Combine(directory, ImageNames.Pages(pagemap.PagesId)), pageSize,
                () => TryOpen(chain, pagemapName, pageSize, round + 1));
        }
        catch
        {
            pagemap.Dispose();
            throw;
        }
    }

    /// <summary>Where pages are.</summary>
    /// <param name="vaddr">In bytes, page aligned, not below that of the question before.</param>
    /// <param name="nrPages">How far the question goes, at least 1.</param>
    /// <param name="source">Where the first one is; the others of the answer follow it.</param>
    /// <returns>How many pages, 1 to <paramref name="nrPages"/>, the answer is for.</returns>
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

    /// <summary>Reads pages of this round; from several threads, while others may ask where pages are.</summary>
    /// <exception cref="ImageException">The pages file is not there, or too short.</exception>
    public void Read(ulong offset, Span<byte> to)
    {
        var pages = _pages ?? OpenPages();
        try
        {
            while (!to.IsEmpty)
            {
                int got = RandomAccess.Read(pages, to, (long)offset);
                if (got == 0)
                    throw new ImageException(PagesPath, $"ends at {offset} bytes, before the pages that its pagemap names");
                to = to[got..];
                offset += (ulong)got;
            }
        }
        catch (IOException e)
        {
            throw new ImageException(PagesPath, $"can't be read at offset {offset} ({e.Message})", e);
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
            return _pages ??= ImageFile.OpenHandle(PagesPath);
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
