using PreDump.Core.Select;

namespace PreDump.Core.Copying;

/// <summary>What planning the copy counts: written under the lock of <see cref="CopyPlan"/>, read when the copy has
/// ended.</summary>
public sealed class PlanFigures
{
    private readonly SortedDictionary<VmaKind, (ulong Vmas, ulong Pages)> _leftOut = [];

    /// <summary>VMAs of all tasks, those left out included.</summary>
    public ulong Vmas { get; set; }

    /// <summary>How long it took to choose the pages.</summary>
    public TimeSpan Scanning { get; set; }

    /// <summary>VMAs, and their pages, that are left out.</summary>
    public IReadOnlyDictionary<VmaKind, (ulong Vmas, ulong Pages)> LeftOut => _leftOut;

    /// <summary>Counts a VMA that a pre-dump leaves alone.</summary>
    public void LeaveOut(VmaKind kind, ulong pages)
    {
        Vmas++;
        var before = _leftOut.GetValueOrDefault(kind);
        _leftOut[kind] = (before.Vmas + 1, before.Pages + pages);
    }

    /// <summary>Takes back that a VMA is left out.</summary>
    public void TakeIn(VmaKind kind, ulong pages)
    {
        var before = _leftOut.GetValueOrDefault(kind);
        if (before.Vmas > 1)
            _leftOut[kind] = (before.Vmas - 1, before.Pages - pages);
        else
            _leftOut.Remove(kind);
    }
}
