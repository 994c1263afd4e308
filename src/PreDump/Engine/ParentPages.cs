using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Engine;

/// <summary>A task's pages in the parent images, out of which holes are punched for what a later image replaces. Asked in ascending
/// order; what the parent itself leaves to its parent is punched there.</summary>
internal sealed class ParentPages : IDisposable
{
    private readonly PagemapReader _pagemap;
    private readonly string _pagemapPath;
    private readonly Fd _pages;
    private readonly ParentPages? _parent;
    private PagemapEntry _entry;
    private ulong _offset; // of the entry's pages in the file, in bytes
    private bool _hasEntry;

    private ParentPages(PagemapReader pagemap, string pagemapPath, Fd pages, ParentPages? parent)
    {
        (_pagemap, _pagemapPath, _pages, _parent) = (pagemap, pagemapPath, pages, parent);
        _hasEntry = pagemap.TryRead(out _entry);
    }

    /// <summary>Opens them, and those of the parent's parents; null where this parent has nothing of the task.</summary>
    /// <param name="directory">The parent images.</param>
    /// <param name="pagemapName">The name of the task's pagemap.</param>
    public static ParentPages? TryOpen(string directory, string pagemapName)
    {
        string path = Path.Combine(directory, pagemapName);
        if (!File.Exists(path))
            return null;
        var parent = TryOpen(Path.Combine(directory, ImageNames.Parent), pagemapName);
        var pagemap = PagemapReader.Open(path, PageSize.Bytes);
        try
        {
            return new ParentPages(pagemap, path, Fd.OpenForUpdate(Path.Combine(directory, ImageNames.Pages(pagemap.PagesId))), parent);
        }
        catch
        {
            pagemap.Dispose();
            parent?.Dispose();
            throw;
        }
    }

    /// <summary>Punches a range out; returns how many pages of it were here or in a parent's parent.</summary>
    public ulong Punch(MemoryRange range)
    {
        ulong punched = 0;
        while (_hasEntry && _entry.Vaddr < range.End)
        {
            ulong start = Math.Max(range.Start, _entry.Vaddr), end = Math.Min(range.End, End);
            if (start < end)
                punched += Punch(start, end);
            if (End > range.End)
                break;
            if (_entry.Flags.HasFlag(PageFlags.Present))
                _offset += End - _entry.Vaddr;
            _hasEntry = _pagemap.TryRead(out _entry);
        }
        return punched;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pagemap.Dispose();
        _pages.Dispose();
        _parent?.Dispose();
    }

    private ulong End => _entry.Vaddr + (_entry.NrPages * (ulong)PageSize.Bytes);

    private ulong Punch(ulong start, ulong end)
    {
        if (_entry.Flags.HasFlag(PageFlags.Present))
        {
            _pages.PunchHole(_offset + (start - _entry.Vaddr), end - start);
            return PageSize.Pages(end - start);
        }
        if (!_entry.Flags.HasFlag(PageFlags.Parent))
            return 0;
        return _parent?.Punch(new MemoryRange(start, end - start))
            ?? throw new ImageException(_pagemapPath, "leaves pages to a parent that is not there");
    }
}
