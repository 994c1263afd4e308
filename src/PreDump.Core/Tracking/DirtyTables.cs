using System.Runtime.InteropServices;
using PreDump.Core.Select;
using PreDump.Linux;

namespace PreDump.Core.Tracking;

/// <summary>Which page tables had dirty pages in the freeze: of each the place of one page, which shows whether the page table
/// has been moved since. A page that was written elsewhere, was there in the freeze (and its mark reset), and was moved back
/// before we look would otherwise seem to be the parent's.</summary>
/// <param name="bytes">The room to begin with, made before the freeze.</param>
public sealed class DirtyTables(ulong bytes) : IDisposable
{
    private readonly NativeBuffer _buffer = new(bytes);
    private int _count;

    private Span<PlacedPage> Pages => MemoryMarshal.Cast<byte, PlacedPage>(_buffer.Span);

    /// <summary>Notes the page tables of a frozen task that have dirty pages; returns where the notes are.</summary>
    /// <param name="pagemap">The task's.</param>
    /// <param name="dirty">Its dirty pages, ascending.</param>
    public Range Read(ProcPagemap pagemap, ReadOnlySpan<MemoryRange> dirty)
    {
        int first = _count;
        ulong seen = 0; // up to here
        ulong frame = 0;
        foreach (var range in dirty)
        {
            for (ulong at = Math.Max(range.Start, seen); at < range.End; at = seen)
            {
                seen = at - (at % VanishedTables.Bytes) + VanishedTables.Bytes;
                PageFrames.Read(pagemap, at, MemoryMarshal.CreateSpan(ref frame, 1));
                if (PageFrames.IsKnown(frame))
                    Add(new PlacedPage(at, frame));
            }
        }
        return first.._count;
    }

    /// <summary>A task's notes: a page of each page table.</summary>
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
