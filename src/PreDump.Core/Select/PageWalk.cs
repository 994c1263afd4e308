using PreDump.Linux;

namespace PreDump.Core.Select;

/// <summary>Walks the pages of a task in ascending order: windows of VMAs are scanned for ranges of pages, and these are cut at
/// the VMAs' borders. It takes one task after the other. For one thread at a time.</summary>
/// <param name="leftOut">Called for each VMA that is not walked.</param>
/// <param name="stopping">Ends a walk that finds nothing for long.</param>
public sealed class PageWalk(VmaWindow.LeftOut leftOut, CancellationToken stopping = default)
{
    private readonly VmaWindow _window = new();
    private readonly MemoryRange[] _found = new MemoryRange[256];
    private int _count, _next;
    private ulong _scanned;
    private ProcPagemap _pagemap = null!;
    private VmaRules _rules = null!;
    private EmptyVmas? _empty;

    /// <summary>The number of VMAs of the task so far, without those left out.</summary>
    public ulong Vmas { get; private set; }

    /// <summary>The category by which the last part was found.</summary>
    public PageCategory Category => _window.Category;

    /// <summary>Whether the last part is under a userfaultfd.</summary>
    public bool UnderUserfaultfd => _window.UnderUserfaultfd;

    /// <summary>Begins with a task.</summary>
    /// <param name="pagemap">Its page tables.</param>
    /// <param name="rules">Which of its VMAs are walked.</param>
    /// <param name="empty">VMAs that were found to be empty; null if nobody looked.</param>
    public void Begin(ProcPagemap pagemap, VmaRules rules, EmptyVmas? empty = null)
    {
        (_pagemap, _rules, _empty) = (pagemap, rules, empty);
        (_count, _next, _scanned, Vmas) = (0, 0, 0, 0);
        _window.Clear();
    }

    /// <summary>The next pages, in one VMA; false at the end.</summary>
    /// <param name="maps">Moved past the VMAs that were taken.</param>
    /// <param name="part">The pages.</param>
    public bool TryNext(ref MapsReader maps, out MemoryRange part)
    {
        while (true)
        {
            for (; _next < _count; _next++)
            {
                if (_window.TryTake(ref _found[_next], out part))
                    return true;
            }
            if (_window.Count == 0 || _scanned >= _window.End)
            {
                part = default;
                if (!_window.TryFill(ref maps, _rules, leftOut))
                    return false;
                Vmas += (ulong)_window.Count;
                _scanned = IsEmpty() ? _window.End : _window.Start;
            }
            stopping.ThrowIfCancellationRequested();
            _count = _pagemap.Scan(ref _scanned, _window.End, _window.Category, _window.IsAnonymous, _found);
            _next = 0;
        }
    }

    private bool IsEmpty() => _empty is not null && _window.Category == PageCategory.Anonymous
        && _empty.Contains(_window.Start, _window.End)
        && !HugeZeroPage.IsIn(_pagemap, _window.Start, _window.End);
}
