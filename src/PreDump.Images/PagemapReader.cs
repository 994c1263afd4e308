using System.Numerics;
using Google.Protobuf;
using PreDump.Images.Schema;

namespace PreDump.Images;

/// <summary> Reads the entries of a pagemap image (CRIU image format) as a stream, in constant memory. The image is not trusted:
/// entries that break the <see cref="PagemapRules"/> are refused. </summary>
public sealed class PagemapReader : IDisposable
{
    // Real records have less than 40 bytes; the rest is for fields of later versions.
    private const int MaxRecordBytes = 1024;

    private static readonly MessageParser<pagemap_head> s_headParser = pagemap_head.Parser.WithDiscardUnknownFields(true);

    // One message is reused for many records, to avoid garbage. It is replaced now and then, because unknown fields accumulate in
    // it.
    private const int RecordsPerMessage = 1024;
    private pagemap_entry _record = new();
    private int _recordsRead;

    private readonly Stream _stream;
    private readonly RecordReader _records;
    private readonly ulong _pageSize;
    private ulong _end; // the address after the previous entry

    /// <summary>Reads both magics and the head. Takes ownership of the stream, unless it throws.</summary>
    /// <param name="stream">A pagemap image, at its first byte.</param>
    /// <param name="name">The file's path, for messages.</param>
    /// <param name="pageSize">The page size of the images in bytes, a power of two.</param>
    /// <exception cref="ImageException">The file is not a pagemap image, or damaged.</exception>
    public PagemapReader(Stream stream, string name, int pageSize)
    {
        if (!BitOperations.IsPow2(pageSize))
            throw new ArgumentOutOfRangeException(nameof(pageSize));
        _pageSize = (ulong)pageSize;
        _stream = stream;
        _records = new RecordReader(stream, name, "pagemap", MaxRecordBytes);
        _records.ExpectMagic(Magic.Common);
        _records.ExpectMagic(Magic.Pagemap);
        pagemap_head head = _records.Read(s_headParser) ?? throw _records.Damaged("ends before its head");
        if (!head.HasPagesId)
            throw _records.Damaged("head without pages_id");
        PagesId = head.PagesId;
    }

    /// <summary>N of pages-N.img, which contains the present pages.</summary>
    public uint PagesId { get; }

    /// <summary>Opens a pagemap image.</summary>
    /// <param name="directory">The images.</param>
    /// <param name="name">The pagemap's file name, from <see cref="ImageNames"/>.</param>
    /// <param name="pageSize">The page size of the images in bytes, a power of two.</param>
    /// <exception cref="ImageException">There is no such file, or it is not a pagemap image or damaged.</exception>
    public static PagemapReader Open(ImageDirectory directory, string name, int pageSize) =>
        Over(directory.OpenStream(name), directory.PathOf(name), pageSize);

    /// <summary>Reads the next entry; false at the end of the image.</summary>
    /// <exception cref="ImageException">The record is malformed; the message says where and how.</exception>
    public bool TryRead(out PagemapEntry entry)
    {
        entry = default;
        var record = Cleared();
        if (!_records.TryMerge(record))
            return false;
        if (!record.HasVaddr || !record.HasCompatNrPages)
            throw _records.Damaged("entry without vaddr or nr_pages");

        entry = Interpret(record);
        if (PagemapRules.WhyRefused(entry, _end, _pageSize) is { } reason)
            throw _records.Damaged(reason);
        _end = entry.Vaddr + entry.NrPages * _pageSize;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    /// <summary>Opens a pagemap image, as <see cref="Open"/> does; null if there is no such file.</summary>
    internal static PagemapReader? TryOpen(
        ImageDirectory directory, string name, int pageSize, int bufferBytes = ImageDirectory.BufferBytes) =>
        directory.TryOpenStream(name, bufferBytes) is { } stream ? Over(stream, directory.PathOf(name), pageSize) : null;

    private pagemap_entry Cleared()
    {
        if (++_recordsRead % RecordsPerMessage == 0)
            return _record = new pagemap_entry();
        _record.ClearVaddr();
        _record.ClearCompatNrPages();
        _record.ClearInParent();
        _record.ClearFlags();
        _record.ClearNrPages();
        return _record;
    }

    private static PagemapReader Over(FileStream stream, string path, int pageSize)
    {
        try
        {
            return new PagemapReader(stream, path, pageSize);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    // As CRIU interprets them: older versions write no nr_pages, the oldest no flags; in_parent counts in addition to the flags.
    private static PagemapEntry Interpret(pagemap_entry record) => new(
        record.Vaddr,
        record.HasNrPages ? record.NrPages : record.CompatNrPages,
        (PageFlags)record.Flags | (record.InParent ? PageFlags.Parent : record.HasFlags ? 0 : PageFlags.Present));
}
