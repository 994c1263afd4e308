using PreDump.Linux;

namespace PreDump.Core.Select;

/// <summary>Whether pages are in one of the dirty ranges; asked in ascending order.</summary>
/// <param name="ranges">The ranges, ascending.</param>
public sealed class DirtyCursor(IEnumerable<MemoryRange> ranges)
{
    private readonly IEnumerator<MemoryRange> _ranges = ranges.GetEnumerator();
    private MemoryRange _range;
    private bool _hasEnded;

    /// <summary>Whether one of the ranges has the page at an address.</summary>
    public bool Contains(ulong address)
    {
        while (!_hasEnded && _range.End <= address)
        {
            _hasEnded = !_ranges.MoveNext();
            _range = _hasEnded ? default : _ranges.Current;
        }
        return !_hasEnded && _range.Start <= address;
    }
}
