using System.Numerics;

namespace PreDump.Linux;

/// <summary>Where a page lies, as its pagemap entry tells (admin-guide/mm/pagemap.rst): in which page frame, or in which slot of swap.
/// A page that is moved by mremap(2) or UFFDIO_MOVE takes its frame along, so another frame at an address is a sign of another
/// page, even where the kernel has not marked it as changed. (The same frame is none of the same page where frames were given up and
/// pages put into others meanwhile: see <see cref="Relocations"/>.)</summary>
public static class PageFrames
{
    /// <summary>There is no page.</summary>
    public const ulong None = 0;

    /// <summary>There is a page, and nobody knows where.</summary>
    public const ulong Untold = 1UL << 63;

    private const ulong Present = 1UL << 63, Swapped = 1UL << 62, Number = (1UL << 55) - 1;

    private static readonly Lazy<bool> s_visible = new(See);

    /// <summary>Whether this user may see page frames: it takes CAP_SYS_ADMIN in the first user namespace.</summary>
    public static bool AreVisible => s_visible.Value;

    /// <summary>Whether it is a frame, or a slot of swap.</summary>
    public static bool IsTold(ulong frame) => frame is not None and < Untold;

    /// <summary>Whether it is a slot of swap.</summary>
    public static bool IsSlot(ulong frame) => IsTold(frame) && (frame & Swapped) != 0;

    /// <summary>The frame (or slot of swap) in a pagemap entry: a number that says nothing but whether two of them are the same.</summary>
    public static ulong Of(ulong entry) =>
        (entry & (Present | Swapped)) == 0 ? None : (entry & Number) == 0 ? Untold : entry & (Swapped | Number);

    /// <summary>The frames of so many raw entries; both may be the same memory.</summary>
    public static void Of(ReadOnlySpan<ulong> entries, Span<ulong> frames)
    {
        int i = 0;
        for (; i <= entries.Length - Vector<ulong>.Count; i += Vector<ulong>.Count) // many at a time: there are 262,144 in a GiB
        {
            var entry = new Vector<ulong>(entries[i..]);
            var isThere = ~Vector.Equals(entry & new Vector<ulong>(Present | Swapped), Vector<ulong>.Zero);
            var isHidden = Vector.Equals(entry & new Vector<ulong>(Number), Vector<ulong>.Zero);
            var frame = Vector.ConditionalSelect(isHidden, new Vector<ulong>(Untold), entry & new Vector<ulong>(Swapped | Number));
            (frame & isThere).CopyTo(frames[i..]);
        }
        for (; i < entries.Length; i++)
            frames[i] = Of(entries[i]);
    }

    /// <summary>Where pages lie now, one behind the other.</summary>
    /// <param name="pagemap">The task's.</param>
    /// <param name="start">Of the first page, in bytes.</param>
    /// <param name="frames">Takes them.</param>
    public static void Read(ProcPagemap pagemap, ulong start, Span<ulong> frames)
    {
        int got = pagemap.ReadEntries(frames, start);
        Of(frames[..got], frames);
        frames[got..].Fill(None);
    }

    private static unsafe bool See()
    {
        using var page = new NativeBuffer(1);
        fixed (byte* p = page.Span)
            return IsTold(Of(OwnPages.Entry(p)));
    }
}
