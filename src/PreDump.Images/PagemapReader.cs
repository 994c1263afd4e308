using System.Numerics;
using Google.Protobuf;
using PreDump.Images.Schema;

namespace PreDump.Images;

/// <summary>
/// Streams the entries of a pagemap image (CRIU image format) in constant memory, and trusts nothing in it: what it
/// returns keeps the <see cref="PagemapRules"/>.
/// </summary>
public sealed class PagemapReader : IDisposable
{
    // Real records are below 40 bytes; the rest is room for fields of later versions.
    private const int MaxRecordBytes = 1024;

    private static readonly MessageParser<pagemap_head> s_headParser = pagemap_head.Parser.WithDiscardUnknownFields(true);

    // One message for very many records, so that a large pagemap makes no garbage. A fresh one now and then: what later versions
    // add piles up in it unseen.
    private const int RecordsOfAMessage = 1024;
    private pagemap_entry _record = new();
    private int _recordsRead;

    private readonly Stream _stream;
    private readonly RecordReader _records;
    private readonly ulong _pageSize;
    private ulong _end; // of the entry before, in bytes

    /// <summary>Reads both magics and the head. Owns the stream from then on, but not if it throws.</summary>
    /// <param name="stream">A pagemap image from its first byte on.</param>
    /// <param name="name">The file, for messages.</param>
    /// <param name="pageSize">In bytes, a power of two.</param>
    /// <exception cref="ImageException">Not a pagemap image, or damaged.</exception>
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

    /// <summary>n of pages-n.img, where the present pages are.</summary>
    public uint PagesId { get; }

    /// <summary>Opens a pagemap image.</summary>
    /// <param name="path">The image.</param>
    /// <param name="pageSize">In bytes, a power of two.</param>
    /// <exception cref="ImageException">No such file, not a pagemap image, or damaged.</exception>
    public static PagemapReader Open(string path, int pageSize) => Over(ImageFile.OpenRead(path), path, pageSize);

    /// <summary>The next entry; false at the end of the image.</summary>
    /// <exception cref="ImageException">A record that breaks the format; where and how is in the message.</exception>
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

    /// <summary>Like <see cref="Open"/>; null if there is no such file.</summary>
    internal static PagemapReader? TryOpen(string path, int pageSize, int bufferBytes = ImageFile.BufferBytes)
        => ImageFile.TryOpenRead(path, bufferBytes) is { } stream ? Over(stream, path, pageSize) : null;

    private pagemap_entry Cleared()
    {
        if (++_recordsRead % RecordsOfAMessage == 0)
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

    // As CRIU takes them: older versions have no nr_pages, the oldest no flags either; in_parent counts beside flags, too.
    private static PagemapEntry Interpret(pagemap_entry record) => new(
        record.Vaddr,
        record.HasNrPages ? record.NrPages : record.CompatNrPages,
        (PageFlags)record.Flags | (record.InParent ? PageFlags.Parent : record.HasFlags ? 0 : PageFlags.Present));
}
