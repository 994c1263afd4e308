using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Reading;

/// <summary>Where pages of a batch lay before they were read, or left to the parent: on their way into the frame
/// ledger.</summary>
/// <param name="most">The most pages that can be noted; 0: no ledger is written.</param>
public sealed class FrameNotes(int most)
{
    private const int LookedAtAtOnce = 512; // pages

    private readonly ulong[] _frames = new ulong[most];
    private readonly List<Run> _runs = [];
    private int _count;

    /// <summary>The number of pages that can still be noted.</summary>
    public int Room => most - _count;

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _runs.Clear();
        _count = 0;
    }

    /// <summary>Notes consecutive pages, above those before.</summary>
    /// <param name="address">Of the first one, in bytes.</param>
    /// <param name="frames">Of each, as <see cref="PageFrames.Of(ulong)"/> gives it.</param>
    public void Add(ulong address, ReadOnlySpan<ulong> frames)
    {
        frames.CopyTo(_frames.AsSpan(_count));
        RunMerger.Add(_runs, new Run(address, _count, frames.Length));
        _count += frames.Length;
    }

    /// <summary>Notes what another one has.</summary>
    public void AddAll(FrameNotes other)
    {
        foreach (var run in other._runs)
            Add(run.Address, other.FramesOf(run));
    }

    /// <summary>To be called when the pages were read: where a page lies elsewhere by now, it is not known which page was
    /// read.</summary>
    public void ForgetMoved(ProcPagemap pagemap)
    {
        Span<ulong> now = stackalloc ulong[LookedAtAtOnce];
        var looked = default(MemoryRange); // whose frames are in `now`
        foreach (var run in _runs)
        {
            var rest = run.Memory;
            while (rest.Length > 0)
            {
                if (rest.Start >= looked.End)
                    looked = Look(pagemap, rest.Start, now);
                var part = rest with { Length = Math.Min(rest.End, looked.End) - rest.Start };
                int first = run.First + (int)PageSize.Pages(part.Start - run.Address), pages = (int)PageSize.Pages(part.Length);
                ForgetOthers(_frames.AsSpan(first, pages), now.Slice((int)PageSize.Pages(part.Start - looked.Start), pages));
                rest = rest.Skip(part.Length);
            }
        }
    }

    /// <summary>Forgets where the pages lie that are in page frames, or in swap; that they are there stays noted.</summary>
    public void Forget(bool frames, bool slots)
    {
        foreach (ref ulong each in _frames.AsSpan(0, _count))
        {
            if (PageFrames.IsKnown(each) && (PageFrames.IsSlot(each) ? slots : frames))
                each = PageFrames.Unknown;
        }
    }

    /// <summary>Writes the notes of two into a ledger, in the order of the addresses.</summary>
    public static void Write(FrameNotes one, FrameNotes other, FrameLedgerWriter ledger)
    {
        int i = 0, j = 0;
        while (i < one._runs.Count || j < other._runs.Count)
        {
            bool first = j == other._runs.Count || (i < one._runs.Count && one._runs[i].Address < other._runs[j].Address);
            var (notes, run) = first ? (one, one._runs[i++]) : (other, other._runs[j++]);
            ledger.Add(run.Address, notes.FramesOf(run));
        }
    }

    // From a page on, up to the last one that is noted.
    private MemoryRange Look(ProcPagemap pagemap, ulong start, Span<ulong> now)
    {
        int pages = (int)Math.Min((ulong)now.Length, PageSize.Pages(_runs[^1].Memory.End - start));
        PageFrames.Read(pagemap, start, now[..pages]);
        return new MemoryRange(start, PageSize.BytesOf((ulong)pages));
    }

    private static void ForgetOthers(Span<ulong> noted, ReadOnlySpan<ulong> now)
    {
        if (noted.SequenceEqual(now))
            return;
        for (int i = 0; i < noted.Length; i++)
        {
            if (noted[i] != now[i])
                noted[i] = PageFrames.Unknown;
        }
    }

    private ReadOnlySpan<ulong> FramesOf(Run run) => _frames.AsSpan(run.First, run.Count);

    // Pages whose frames are Count ones of _frames, from First on.
    private readonly record struct Run(ulong Address, int First, int Count) : IRun<Run>
    {
        public MemoryRange Memory => new(Address, PageSize.BytesOf((ulong)Count));

        public static bool TryJoin(ref Run run, in Run next)
        {
            if (run.Memory.End != next.Address)
                return false;
            run = run with { Count = run.Count + next.Count };
            return true;
        }
    }
}
