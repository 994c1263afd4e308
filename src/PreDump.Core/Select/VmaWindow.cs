using PreDump.Linux;

namespace PreDump.Core.Select;

/// <summary>VMAs whose pages one scan may look for: neighbours, with nothing between them that must not be looked at. With the
/// PAGEMAP_SCAN ioctl, which steps over unmapped space at no cost, that saves a call for each VMA.</summary>
public sealed class VmaWindow
{
    private readonly MemoryRange[] _vmas = new MemoryRange[256];
    private const ulong MostBytes = 8UL << 30; // at once: with all pages there, some 80 ms

    private int _count;
    private int _cursor;

    /// <summary>The number of VMAs in it.</summary>
    public int Count => _count;

    /// <summary>The first address of the first VMA.</summary>
    public ulong Start => _vmas[0].Start;

    /// <summary>The address past the last one's end.</summary>
    public ulong End => _vmas[_count - 1].End;

    /// <summary>Which of their pages are wanted: all of a vdso, which CRIU takes whole and expects in the parent; else the
    /// anonymous ones. (Of the zero pages CRIU without PAGEMAP_SCAN, as 3.17, knows only the small one: it expects the huge one,
    /// too.)</summary>
    public PageCategory Category { get; private set; }

    /// <summary>Whether its one VMA maps no file; of more VMAs it says nothing.</summary>
    public bool IsAnonymous { get; private set; }

    /// <summary>Whether its VMAs are under a userfaultfd.</summary>
    public bool UnderUserfaultfd { get; private set; }

    /// <summary>Where a scan from an address should pause, so that none takes long.</summary>
    public ulong EndOfChunk(ulong at) => _count > 1 ? End : Math.Min(End, at + MostBytes);

    /// <summary>Empties it.</summary>
    public void Clear() => (_count, _cursor) = (0, 0);

    /// <summary>Takes the next VMAs from the maps; false where none is left.</summary>
    /// <param name="maps">Moved past the VMAs taken.</param>
    /// <param name="rules">Which to take.</param>
    /// <param name="leftOut">Called for each VMA that is not taken.</param>
    public bool TryFill(ref MapsReader maps, VmaRules rules, LeftOut leftOut)
    {
        Clear();
        bool canScan = PagemapScan.Supports(PageCategory.Anonymous) && PagemapScan.Supports(PageCategory.SoftDirty);
        int most = canScan ? _vmas.Length : 1;
        ulong bytes = 0;
        var afterLast = maps;
        while (_count < most && maps.TryRead(out var vma))
        {
            var kind = rules.KindOf(vma);
            var category = kind == VmaKind.Vdso ? PageCategory.All : PageCategory.Anonymous;
            if (kind is not (VmaKind.Private or VmaKind.Vdso))
            {
                leftOut(kind, vma.Pages);
                if (_count > 0)
                    return true;
                continue;
            }
            bool userfaultfd = rules.UnderUserfaultfd(vma);
            bytes += vma.End - vma.Start;
            if (_count > 0 && (category != Category || userfaultfd != UnderUserfaultfd || bytes > MostBytes))
            {
                maps = afterLast; // the next window starts with it
                return true;
            }
            _vmas[_count++] = new MemoryRange(vma.Start, vma.End - vma.Start);
            (Category, UnderUserfaultfd) = (category, userfaultfd);
            IsAnonymous = vma.Inode == 0; // asked only where a window is one VMA
            afterLast = maps;
        }
        return _count > 0;
    }

    /// <summary>Called for each VMA that is left out, with the number of its pages.</summary>
    public delegate void LeftOut(VmaKind kind, ulong pages);

    /// <summary>The next part of <paramref name="found"/> that lies in one of the VMAs; takes it off <paramref name="found"/>.
    /// Asked for in ascending order. What a running task has mapped since lies in none of them.</summary>
    public bool TryTake(ref MemoryRange found, out MemoryRange part)
    {
        while (_cursor < _count && _vmas[_cursor].End <= found.Start)
            _cursor++;
        part = default;
        if (_cursor == _count || found.Length == 0 || _vmas[_cursor].Start >= found.End)
            return false;
        ulong start = Math.Max(found.Start, _vmas[_cursor].Start);
        ulong end = Math.Min(found.End, _vmas[_cursor].End);
        part = new MemoryRange(start, end - start);
        found = new MemoryRange(end, found.End - end);
        return true;
    }
}
