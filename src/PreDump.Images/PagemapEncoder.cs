using PreDump.Images.Schema;

namespace PreDump.Images;

/// <summary>
/// Encodes a pagemap image (CRIU image format) into a caller's buffer. It reuses its messages and allocates nothing after its
/// construction, so it is not thread-safe.
/// </summary>
public sealed class PagemapEncoder
{
    /// <summary>The maximum length that <see cref="WriteHead"/> writes: two magics, a length, a tag and a u32.</summary>
    public const int MaxHeadBytes = 3 * sizeof(uint) + 1 + 5;

    /// <summary>The maximum length that <see cref="WriteEntry"/> writes: a length, four tags, a u64 and three u32.</summary>
    public const int MaxEntryBytes = RecordWriter.LengthBytes + 4 + 10 + 3 * 5;

    private readonly pagemap_head _head = new();
    private readonly pagemap_entry _entry = new();

    /// <summary>Writes what precedes the entries: both magics and the head.</summary>
    /// <param name="to">A buffer of at least <see cref="MaxHeadBytes"/>.</param>
    /// <param name="pagesId">N of pages-N.img.</param>
    /// <returns>The number of bytes written.</returns>
    public int WriteHead(Span<byte> to, uint pagesId)
    {
        _head.PagesId = pagesId;
        int written = RecordWriter.WriteMagic(to, Magic.Common);
        written += RecordWriter.WriteMagic(to[written..], Magic.Pagemap);
        return written + RecordWriter.WriteRecord(to[written..], _head);
    }

    /// <summary>Writes one entry.</summary>
    /// <param name="to">A buffer of at least <see cref="MaxEntryBytes"/>.</param>
    /// <param name="entry">A run of 1 to <see cref="PagemapEntry.MaxPages"/> pages.</param>
    /// <returns>The number of bytes written.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The entry has no pages, or too many.</exception>
    public int WriteEntry(Span<byte> to, in PagemapEntry entry)
    {
        ArgumentOutOfRangeException.ThrowIfZero(entry.NrPages);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(entry.NrPages, uint.MaxValue);

        _entry.Vaddr = entry.Vaddr;
        // The count is written twice: CRIU before 4.2 knows only the first field, 4.2 prefers the second.
        _entry.CompatNrPages = (uint)entry.NrPages;
        _entry.NrPages = entry.NrPages;
        _entry.Flags = (uint)entry.Flags;
        return RecordWriter.WriteRecord(to, _entry);
    }
}
