using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Engine;

/// <summary>Tells which of the pages that look clean still lie where the last round saw them, and so are that round's pages for
/// certain. mremap(2) may move whole page tables, and then the kernel marks nothing: another page stands at the address, and looks as
/// clean as the one before. Of a page without a note, or that lies elsewhere, only its bytes can tell. One task after the
/// other.</summary>
/// <param name="ledger">The last round's; null: nothing is certain.</param>
internal sealed class FrameCheck(FrameLedger? ledger)
{
    private const int AtOnce = 2048, AtLeast = 512; // pages; where runs are short the same look serves the next ones

    private readonly ulong[] _now = new ulong[AtOnce], _noted = new ulong[AtOnce];
    private TaskFrames? _task;
    private Pagemap _pagemap = null!;
    private MemoryRange _seen;

    /// <summary>Whether there is something to be certain by.</summary>
    public bool HasLedger => ledger is not null;

    /// <summary>Begins with a task.</summary>
    /// <param name="imagePid">The pid that names its images.</param>
    /// <param name="startTime">In clock ticks since boot.</param>
    /// <param name="pagemap">Its page tables.</param>
    public void Begin(int imagePid, ulong startTime, Pagemap pagemap)
    {
        (_task, _pagemap, _seen) = (ledger?.OpenTask(imagePid, startTime), pagemap, default);
    }

    /// <summary>Takes the longest run with one answer off pages that are behind those before.</summary>
    /// <param name="pages">The pages.</param>
    /// <param name="same">They lie where they did.</param>
    /// <returns>How many bytes the answer is for.</returns>
    public ulong Next(MemoryRange pages, out bool same)
    {
        if (_task is null)
        {
            same = false;
            return pages.Length;
        }
        if (pages.Start >= _seen.End || pages.Start < _seen.Start)
            Look(pages);
        int first = (int)PageSize.Pages(pages.Start - _seen.Start);
        int most = first + (int)PageSize.Pages(Math.Min(pages.End, _seen.End) - pages.Start);
        same = IsSame(first);
        int equal = _now.AsSpan(first, most - first).CommonPrefixLength(_noted.AsSpan(first, most - first));
        int end = first + 1;
        if (same && !_now.AsSpan(first, equal).Contains(PageFrames.Unknown))
            end = first + equal;
        else
            while (end < most && IsSame(end) == same)
                end++;
        return (ulong)(end - first) * (ulong)PageSize.Bytes;
    }

    /// <summary>Where the pages of the last answer lie.</summary>
    public ReadOnlySpan<ulong> FramesOf(MemoryRange pages) => _task is null
        ? default
        : _now.AsSpan((int)PageSize.Pages(pages.Start - _seen.Start), (int)PageSize.Pages(pages.Length));

    private bool IsSame(int page) => _now[page] == _noted[page] && _now[page] != PageFrames.Unknown;

    private void Look(MemoryRange pages)
    {
        int count = (int)Math.Clamp(PageSize.Pages(pages.Length), AtLeast, AtOnce);
        _seen = pages with { Length = (ulong)count * (ulong)PageSize.Bytes };
        PageFrames.Read(_pagemap, pages.Start, _now.AsSpan(0, count));
        _task!.Read(pages.Start, _noted.AsSpan(0, count));
    }
}
