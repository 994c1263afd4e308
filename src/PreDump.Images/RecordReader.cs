using System.Buffers.Binary;
using Google.Protobuf;

namespace PreDump.Images;

/// <summary>
/// Reads the magics and records that <see cref="RecordWriter"/> writes, in constant memory. A record longer than
/// <paramref name="maxRecordBytes"/> is refused before anything is read or allocated for it.
/// </summary>
/// <param name="stream">The image, at its first byte; owned by the caller.</param>
/// <param name="name">The file's path, for messages.</param>
/// <param name="kind">What the file should be, for messages: "pagemap".</param>
/// <param name="maxRecordBytes">The maximum length of a record in bytes.</param>
internal sealed class RecordReader(Stream stream, string name, string kind, int maxRecordBytes)
{
    private readonly byte[] _buffer = new byte[maxRecordBytes];
    private long _offset;
    private long _recordOffset;

    /// <summary>Reads a magic.</summary>
    /// <exception cref="ImageException">The file ends here, or has a different magic.</exception>
    internal void ExpectMagic(uint magic)
    {
        _recordOffset = _offset;
        if (!TryReadUInt32(out uint found))
            throw Damaged("ends before its magic");
        if (found != magic)
            throw Damaged($"magic 0x{found:x8} instead of 0x{magic:x8}");
    }

    /// <summary>Reads the next record; null at the end of the file.</summary>
    /// <exception cref="ImageException">The record is too long, truncated, or not valid protobuf.</exception>
    internal T? Read<T>(MessageParser<T> parser) where T : class, IMessage<T>
        => TryReadRecord(out ReadOnlySpan<byte> record) ? Parse(record, parser, static (bytes, by) => by.ParseFrom(bytes)) : null;

    /// <summary>Reads the next record into a message that the caller has cleared, without allocating; false at the end of the
    /// file.</summary>
    /// <exception cref="ImageException">The record is too long, truncated, or not valid protobuf.</exception>
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
            throw Damaged("record that is not valid protobuf", e);
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

    /// <summary>Makes the exception for a problem with the magic or record that was read last.</summary>
    internal ImageException Damaged(string problem, Exception? cause = null)
        => new(name, $"{problem} at offset {_recordOffset}: not a CRIU {kind}, or damaged", cause);

    // False at the end of the file; a truncated number is damage.
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
