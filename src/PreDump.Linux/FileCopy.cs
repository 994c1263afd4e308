using Tmds.Linux;
using static PreDump.Linux.Interop.LibCExtra;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Copies ranges from one file to another. Uses copy_file_range(2), which shares blocks on file systems that can
/// (reflinks), and falls back to a buffer. Holes stay holes.</summary>
/// <param name="from">The file to copy from; owned by the caller.</param>
/// <param name="to">The file to copy to; owned by the caller.</param>
/// <param name="shared">Makes the buffer, which other copies may use as well, one at a time; null: it has its own.</param>
public sealed unsafe class FileCopy(Fd from, Fd to, Func<byte[]>? shared = null)
{
    /// <summary>The length of the buffer in bytes.</summary>
    public const int BufferBytes = 256 * 1024;

    private byte[]? _buffer; // null while copy_file_range(2) works

    /// <summary>Copies a range of bytes. If it ends in a hole, the target may stay shorter: the caller sets its length.</summary>
    /// <exception cref="InvalidDataException">The source ends before the range does.</exception>
    /// <exception cref="LinuxException">Reading or writing failed.</exception>
    public void Copy(ulong fromOffset, ulong toOffset, ulong length)
    {
        if (from.Length < fromOffset + length) // the end of a file looks like a hole
            throw EndsTooSoon();
        ulong end = fromOffset + length, shift = toOffset - fromOffset; // a negative shift wraps around twice
        for (ulong at = fromOffset; at < end;)
        {
            if (!TrySeek(at, SEEK_DATA, out ulong data)) // the rest of the file is a hole
                return;
            if (data >= end)
                return;
            at = TrySeek(data, SEEK_HOLE, out ulong hole) ? Math.Min(hole, end) : end;
            CopyData(data, data + shift, at - data);
        }
    }

    // lseek(2) with SEEK_DATA or SEEK_HOLE; false for ENXIO. On any other error (no support) everything counts as data.
    private bool TrySeek(ulong offset, int whence, out ulong found)
    {
        long at = (long)lseek(from.Number, (off_t)(long)offset, whence);
        found = at >= 0 ? (ulong)at : whence == SEEK_DATA ? offset : ulong.MaxValue;
        return at >= 0 || errno != ENXIO;
    }

    private void CopyData(ulong fromOffset, ulong toOffset, ulong length)
    {
        while (length > 0)
        {
            long source = (long)fromOffset, target = (long)toOffset;
            long copied = _buffer is null ? copy_file_range(from.Number, &source, to.Number, &target, (nuint)length, 0) : -1;
            if (copied < 0 && _buffer is null && errno is var error && error != EINTR)
            {
                if (error == ENOSPC || error == EDQUOT || error == EIO || error == EFBIG)
                    throw to.Failed("copy_file_range");
                _buffer = MakeBuffer(); // different file systems, or no support: use the buffer for the rest
            }
            if (copied == 0) // some file systems return 0 instead of an error
                _buffer = MakeBuffer();
            if (copied <= 0 && _buffer is not null)
                copied = CopyThroughBuffer(fromOffset, toOffset, length);
            copied = Math.Max(copied, 0);
            fromOffset += (ulong)copied;
            toOffset += (ulong)copied;
            length -= (ulong)copied;
        }
    }

    private byte[] MakeBuffer() => shared?.Invoke() ?? new byte[BufferBytes];

    private long CopyThroughBuffer(ulong fromOffset, ulong toOffset, ulong length)
    {
        var part = _buffer.AsSpan(0, (int)Math.Min((ulong)BufferBytes, length));
        int got = from.TryReadAt(part, fromOffset);
        if (got < 0)
            throw from.Failed("read");
        if (got == 0)
            throw EndsTooSoon();
        to.WriteAt(part[..got], toOffset);
        return got;
    }

    private InvalidDataException EndsTooSoon() => new($"{from.Path}: ends before the pages that its pagemap lists");
}
