using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Select;

/// <summary>Decides for each page, in ascending order, whether it is to be read, or is left to the parent unread. It is left only
/// if it was clean in the freeze and the parent's pagemap covers it: the final dump fails on a page that it believes to be in the
/// parent and that is not. (A page that was read may be left to it all the same: UnchangedPages.)</summary>
/// <param name="dirty">The ranges that were dirty in the freeze, ascending.</param>
/// <param name="parent">The parent's pagemap of the task; null: everything is copied.</param>
public ref struct PageFate(ReadOnlySpan<MemoryRange> dirty, IParentCoverage? parent)
{
    private ReadOnlySpan<MemoryRange> _dirty = dirty;

    /// <summary>The number of dirty ranges that are still to come: the next batch begins with them.</summary>
    public readonly int DirtyLeft => _dirty.Length;

    /// <summary>The longest run at the start of <paramref name="part"/> with one fate; takes it off
    /// <paramref name="part"/>.</summary>
    public PageRun Next(ref MemoryRange part)
    {
        ulong length = part.Length;
        bool inParent = false;
        if (parent is not null && IsClean(part.Start, ref length))
            length = parent.Covered(part.Start, PageSize.Pages(length), out inParent) * PageSize.Step;
        var run = new PageRun(new MemoryRange(part.Start, length), inParent);
        part = part.Skip(length);
        return run;
    }

    // Shortens `length` to the pages that share the first one's answer.
    private bool IsClean(ulong start, ref ulong length)
    {
        while (!_dirty.IsEmpty && _dirty[0].End <= start)
            _dirty = _dirty[1..];
        if (_dirty.IsEmpty || _dirty[0].Start >= start + length)
            return true;
        bool clean = _dirty[0].Start > start;
        length = Math.Min(length, (clean ? _dirty[0].Start : _dirty[0].End) - start);
        return clean;
    }
}
