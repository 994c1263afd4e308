using System.Buffers.Binary;
using Google.Protobuf;

namespace PreDump.Images;

/// <summary>
/// Reads the framing that <see cref="RecordWriter"/> writes, in constant memory: a record longer than
/// <paramref name="maxRecordBytes"/> is refused before anything is read or allocated for it.
/// </summary>
/// <param name="stream">The image from its first byte on; owned by the caller.</param>
/// <param name="name">The file, for messages.</param>
/// <param name="kind">What the file should be, for messages: "pagemap".</param>
/// <param name="maxRecordBytes">Longest record that makes sense here.</param>
internal sealed class RecordReader(Stream stream, string name, string kind, int maxRecordBytes)
{
    private readonly byte[] _buffer = new byte[maxRecordBytes];
    private long _offset;
    private long _recordOffset;

    /// <exception cref="ImageException">The file ends here, or has another magic.</exception>
    internal void ExpectMagic(uint magic)
    {
        _recordOffset = _offset;
        if (!TryReadUInt32(out uint found))
            throw Damaged("ends before its magic");
        if (found != magic)
            throw Damaged($"magic 0x{found:x8} instead of 0x{magic:x8}");
    }

    /// <returns>The next record, or null at the end of the file.</returns>
    /// <exception cref="ImageException">A record that is too long, cut short, or no protobuf.</exception>
    internal T? Read<T>(MessageParser<T> parser) where T : class, IMessage<T>
        => TryReadRecord(out ReadOnlySpan<byte> record) ? Parse(record, parser, static (bytes, by) => by.ParseFrom(bytes)) : null;

    /// <summary>Merges the next record into a message that the caller has cleared, without garbage; false at the end of the file.</summary>
    /// <exception cref="ImageException">A record that is too long, cut short, or no protobuf.</exception>
    internal bool TryMerge<T>(T message) where T : class, IMessage<T>
        => TryReadRecord(out ReadOnlySpan<byte> record) && Parse(record, message, static (bytes, into) =>
        {
            into.MergeFrom(bytes);
            return true;
        });

    private delegate TResult Parser<T, TResult>(ReadOnlySpan<byte> record, T by);

    private TResult Parse<T, TResult>(ReadOnlySpan<byte> record, T by, Parser<T, TResult> parse)
    {
        try
        {
            return parse(record, by);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw Damaged("record that is no protobuf", e);
        }
    }

    private bool TryReadRecord(out ReadOnlySpan<byte> record)
    {
        record = default;
        _recordOffset = _offset;
        if (!TryReadUInt32(out uint length))
            return false;
        if (length > (uint)_buffer.Length)
            throw Damaged($"record of {length} bytes");

        Span<byte> bytes = _buffer.AsSpan(0, (int)length);
        if (Fill(bytes) < bytes.Length)
            throw Damaged($"ends inside the record of {length} bytes");
        record = bytes;
        return true;
    }

    /// <summary>The exception for what is wrong with the magic or record that was read last.</summary>
    internal ImageException Damaged(string problem, Exception? cause = null)
        => new(name, $"{problem} at offset {_recordOffset}: not a CRIU {kind}, or damaged", cause);

    // False at the end of the file; a number cut short is damage.
    private bool TryReadUInt32(out uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        int read = Fill(bytes);
        value = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (read is not (0 or sizeof(uint)))
            throw Damaged("ends inside a number");
        return read != 0;
    }

    private int Fill(Span<byte> bytes)
    {
        try
        {
            int read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            _offset += read;
            return read;
        }
        catch (IOException e)
        {
            throw new ImageException(name, $"can't be read at offset {_offset} ({e.Message})", e);
        }
    }
}
