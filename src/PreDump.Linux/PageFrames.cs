using System.Numerics;
using static PreDump.Linux.PagemapBits;

namespace PreDump.Linux;

/// <summary>Where pages are stored, according to /proc/PID/pagemap: in which page frame, or in which swap slot. A page that
/// mremap(2) or UFFDIO_MOVE moves keeps its frame, so a different frame at an address suggests a different page, even if its
/// soft-dirty bit is clear. The reverse does not hold: a freed frame may be reused by a relocated page (see
/// <see cref="Relocations"/>). See Documentation/admin-guide/mm/pagemap.rst.</summary>
public static class PageFrames
{
    /// <summary>There is no page.</summary>
    public const ulong None = 0;

    /// <summary>There is a page, but its frame or slot is not known.</summary>
    public const ulong Unknown = 1UL << 63;

    private static readonly Lazy<bool> s_visible = new(ProbeVisibility);

    /// <summary>Whether this user may see page frame numbers: requires CAP_SYS_ADMIN in the initial user namespace.</summary>
    public static bool AreVisible => s_visible.Value;

    /// <summary>Whether the value is a frame or a swap slot, not <see cref="None"/> or <see cref="Unknown"/>.</summary>
    public static bool IsKnown(ulong frame) => frame is not None and < Unknown;

    /// <summary>Whether the value is a swap slot.</summary>
    public static bool IsSlot(ulong frame) => IsKnown(frame) && (frame & Swapped) != 0;

    /// <summary>Extracts the frame or swap slot of a pagemap entry. The result is opaque: it is only good for
    /// comparing.</summary>
    public static ulong Of(ulong entry) =>
        (entry & (Present | Swapped)) == 0 ? None : (entry & Location) == 0 ? Unknown : entry & (Swapped | Location);

    /// <summary>Extracts the frames of many pagemap entries; both spans may be the same memory.</summary>
    public static void Of(ReadOnlySpan<ulong> entries, Span<ulong> frames)
    {
        int i = 0;
        for (; i <= entries.Length - Vector<ulong>.Count; i += Vector<ulong>.Count) // SIMD: a GiB has 262,144 entries
        {
            var entry = new Vector<ulong>(entries[i..]);
            var exists = ~Vector.Equals(entry & new Vector<ulong>(Present | Swapped), Vector<ulong>.Zero);
            var isHidden = Vector.Equals(entry & new Vector<ulong>(Location), Vector<ulong>.Zero);
            var known = entry & new Vector<ulong>(Swapped | Location);
            var frame = Vector.ConditionalSelect(isHidden, new Vector<ulong>(Unknown), known);
            (frame & exists).CopyTo(frames[i..]);
        }
        for (; i < entries.Length; i++)
            frames[i] = Of(entries[i]);
    }

    /// <summary>Reads the current frames of consecutive pages.</summary>
    /// <param name="pagemap">The task's pagemap.</param>
    /// <param name="start">The first page's address.</param>
    /// <param name="frames">Receives one value per page; <see cref="None"/> for pages whose entries can't be read.</param>
    public static void Read(ProcPagemap pagemap, ulong start, Span<ulong> frames)
    {
        int got = pagemap.ReadEntries(frames, start);
        Of(frames[..got], frames);
        frames[got..].Fill(None);
    }

    private static unsafe bool ProbeVisibility()
    {
        using var page = new NativeBuffer(1);
        fixed (byte* p = page.Span)
            return IsKnown(Of(OwnPages.Entry(p, out _)));
    }
}
