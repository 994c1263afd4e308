using System.Runtime.InteropServices;
using PreDump.Core.Select;
using PreDump.Linux;

namespace PreDump.Core.Tracking;

/// <summary>The page tables with dirty pages in the freeze. For each of them the frame of one page is recorded, to detect later
/// whether the page table has been moved. Otherwise a page that was written at another address, was there in the freeze (where
/// its soft-dirty bit was reset), and is moved back before this round checks its frame would look like the parent's
/// page.</summary>
/// <param name="bytes">The initial size, allocated before the freeze.</param>
public sealed class DirtyTables(ulong bytes) : IDisposable
{
    private readonly NativeBuffer _buffer = new(bytes);
    private int _count;

    private Span<PlacedPage> Pages => MemoryMarshal.Cast<byte, PlacedPage>(_buffer.Span);

    /// <summary>Records the page tables of a frozen task; returns their position.</summary>
    /// <param name="pagemap">The task's pagemap.</param>
    /// <param name="dirty">The task's dirty pages, ascending.</param>
    public Range Read(ProcPagemap pagemap, ReadOnlySpan<MemoryRange> dirty)
    {
        int first = _count;
        ulong seen = 0; // the address up to which page tables are done
        ulong frame = 0;
        foreach (var range in dirty)
        {
            for (ulong at = Math.Max(range.Start, seen); at < range.End; at = seen)
            {
                seen = PageTable.EndOf(at);
                PageFrames.Read(pagemap, at, MemoryMarshal.CreateSpan(ref frame, 1));
                if (PageFrames.IsKnown(frame))
                    Add(new PlacedPage(at, frame));
            }
        }
        return first.._count;
    }

    /// <summary>Records all populated page tables of a frozen task, dirty or not; returns their position. Needed where not all
    /// of the task was read: a page table without a record may have been where nobody looked.</summary>
    /// <param name="pagemap">The task's pagemap.</param>
    /// <param name="populated">The page tables.</param>
    /// <param name="limit">Ends it early.</param>
    public Range ReadAll(ProcPagemap pagemap, PopulatedTables populated, FreezeLimit limit)
    {
        int first = _count;
        ulong frame = 0;
        for (int i = 0; i < populated.Pages.Count; i++)
        {
            limit.Check();
            PageFrames.Read(pagemap, populated.Pages[i], MemoryMarshal.CreateSpan(ref frame, 1));
            if (PageFrames.IsKnown(frame))
                Add(new PlacedPage(populated.Pages[i], frame));
        }
        return first.._count;
    }

    /// <summary>The recorded pages at a position.</summary>
    public ReadOnlySpan<PlacedPage> this[Range pages] => Pages[pages];

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();

    private void Add(PlacedPage page)
    {
        if (_count == Pages.Length)
            _buffer.Grow((ulong)_buffer.Length * 2);
        Pages[_count++] = page;
    }
}
