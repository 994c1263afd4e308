using PreDump.Linux;

namespace PreDump.Core.Select;

/// <summary>Tells whether pages are among ranges, asked in ascending order.</summary>
/// <param name="ranges">Ascending.</param>
public sealed class DirtyCursor(IEnumerable<MemoryRange> ranges)
{
    private readonly IEnumerator<MemoryRange> _ranges = ranges.GetEnumerator();
    private MemoryRange _range;
    private bool _hasEnded;

    /// <summary>Whether one of them has the page.</summary>
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
