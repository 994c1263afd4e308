using PreDump.Images.Schema;

namespace PreDump.Images;

/// <summary>
/// Encodes a pagemap image (CRIU image format) into the caller's buffer. Allocates nothing after its construction:
/// it reuses one message, so an encoder serves one thread at a time.
/// </summary>
public sealed class PagemapEncoder
{
    /// <summary>Most that <see cref="WriteHead"/> writes: two magics, a length, a tag and a u32.</summary>
    public const int MaxHeadBytes = 3 * sizeof(uint) + 1 + 5;

    /// <summary>Most that <see cref="WriteEntry"/> writes: a length, four tags, a u64 and three u32.</summary>
    public const int MaxEntryBytes = RecordWriter.LengthBytes + 4 + 10 + 3 * 5;

    private readonly pagemap_head _head = new();
    private readonly pagemap_entry _entry = new();

    /// <summary>Writes what precedes the entries: both magics and the head.</summary>
    /// <param name="to">At least <see cref="MaxHeadBytes"/>.</param>
    /// <param name="pagesId">n of pages-n.img.</param>
    /// <returns>Bytes written.</returns>
    public int WriteHead(Span<byte> to, uint pagesId)
    {
        _head.PagesId = pagesId;
        int written = RecordWriter.WriteMagic(to, Magic.Common);
        written += RecordWriter.WriteMagic(to[written..], Magic.Pagemap);
        return written + RecordWriter.WriteRecord(to[written..], _head);
    }

    /// <summary>Writes one entry.</summary>
    /// <param name="to">At least <see cref="MaxEntryBytes"/>.</param>
    /// <param name="entry">A run of 1 to 2^32 - 1 pages; longer runs are for the caller to split.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No pages, or more than CRIU before 4.2 can count.</exception>
    public int WriteEntry(Span<byte> to, in PagemapEntry entry)
    {
        ArgumentOutOfRangeException.ThrowIfZero(entry.NrPages);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(entry.NrPages, uint.MaxValue);

        _entry.Vaddr = entry.Vaddr;
        // The count stands twice: CRIU before 4.2 knows only the first field, 4.2 prefers the second.
        _entry.CompatNrPages = (uint)entry.NrPages;
        _entry.NrPages = entry.NrPages;
        _entry.Flags = (uint)entry.Flags;
        return RecordWriter.WriteRecord(to, _entry);
    }
}
