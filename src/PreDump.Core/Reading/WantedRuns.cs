using PreDump.Linux;

namespace PreDump.Core.Reading;

/// <summary>The runs of pages that a batch is to read, ascending, and what is known of them.</summary>
/// <param name="maxBytes">Bytes of all runs at most, whole pages.</param>
public sealed class WantedRuns(int maxBytes)
{
    /// <summary>Most runs: as many as one process_vm_readv(2) reads (IOV_MAX).</summary>
    public const int Most = 1024;

    private readonly MemoryRange[] _runs = new MemoryRange[Most];
    private int _count;
    private MemoryRange _all; // whose pages are wanted whatever they are

    /// <summary>The runs.</summary>
    public ReadOnlySpan<MemoryRange> Runs => _runs.AsSpan(0, _count);

    /// <summary>How many bytes they have together.</summary>
    public int Bytes { get; private set; }

    /// <summary>Whether they are under a userfaultfd: a read that meets a missing page must not ask for it.</summary>
    public bool UnderUserfaultfd { get; private set; }

    /// <summary>The category by which the pages of a run were found, and are to be found again.</summary>
    public PageCategory CategoryOf(MemoryRange run) =>
        run.Start >= _all.Start && run.Start < _all.End ? PageCategory.All : PageCategory.Anonymous;

    /// <summary>Adds as much of a run as there is room for, and takes that off it. False where nothing can be added: there is no
    /// room, or it can't be read together with those before.</summary>
    /// <param name="run">Above those before.</param>
    /// <param name="category">The category by which it was found.</param>
    /// <param name="underUserfaultfd">Whether it is under a userfaultfd.</param>
    public bool TryAdd(ref MemoryRange run, PageCategory category, bool underUserfaultfd)
    {
        if (_count == Most || Bytes == maxBytes || (_count > 0 && underUserfaultfd != UnderUserfaultfd))
            return false;
        var part = run with { Length = Math.Min(run.Length, (ulong)(maxBytes - Bytes)) };
        if (category == PageCategory.All && !TryAddToAll(part))
            return false;
        _runs[_count++] = part;
        Bytes += (int)part.Length;
        UnderUserfaultfd = underUserfaultfd;
        run = run.Skip(part.Length);
        return true;
    }

    /// <summary>Forgets all runs.</summary>
    public void Clear() => (_count, Bytes, _all, UnderUserfaultfd) = (0, 0, default, false);

    // A vdso in pieces is read by more than one batch.
    private bool TryAddToAll(MemoryRange part)
    {
        if (_all.Length > 0)
            return MemoryRange.TryJoin(ref _all, part);
        _all = part;
        return true;
    }
}
