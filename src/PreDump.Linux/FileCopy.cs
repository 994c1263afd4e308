using Tmds.Linux;
using static PreDump.Linux.Interop.LibCExtra;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Copies ranges of one file to another in the kernel, by copy_file_range(2), which shares the blocks where the file system can;
/// elsewhere through a buffer. Holes stay holes.</summary>
public sealed unsafe class FileCopy(Fd from, Fd to)
{
    private const int BufferBytes = 256 * 1024;

    private byte[]? _buffer; // only where the kernel does not copy

    /// <summary>Copies a range. Where it ends in a hole the copy may be shorter: its length is the caller's to set.</summary>
    /// <exception cref="InvalidDataException">The file ends before the range does.</exception>
    public void Copy(ulong fromOffset, ulong toOffset, ulong length)
    {
        if (from.Length < fromOffset + length) // the end of a file looks like a hole
            throw EndsTooSoon();
        ulong end = fromOffset + length, shift = toOffset - fromOffset; // (wraps around where it is negative, and back)
        for (ulong at = fromOffset; at < end;)
        {
            if (!TrySeek(at, SEEK_DATA, out ulong data)) // nothing but a hole up to the end of the file
                return;
            if (data >= end)
                return;
            at = TrySeek(data, SEEK_HOLE, out ulong hole) ? Math.Min(hole, end) : end;
            CopyData(data, data + shift, at - data);
        }
    }

    // A file system that knows no holes says that all is data, or knows not even the question: then it is taken for data, too.
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
                _buffer = new byte[BufferBytes]; // two file systems, or one that can't: once and for all
            }
            if (copied == 0) // some file systems say so where they can't
                _buffer = new byte[BufferBytes];
            if (copied <= 0 && _buffer is not null)
                copied = CopyThroughBuffer(fromOffset, toOffset, length);
            copied = Math.Max(copied, 0);
            fromOffset += (ulong)copied;
            toOffset += (ulong)copied;
            length -= (ulong)copied;
        }
    }

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

    private InvalidDataException EndsTooSoon() => new($"{from.Path}: ends before the pages that its pagemap names");
}
