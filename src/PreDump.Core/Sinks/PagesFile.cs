using PreDump.Linux;

namespace PreDump.Core.Sinks;

/// <summary>Writes a pages-N.img. Slots are reserved by one thread at a time, and each of them is written once, by any thread.
/// The file is closed after <see cref="End"/>, when all slots are written. Long runs of zero pages become holes, which read as
/// zeros and take neither time nor space.</summary>
/// <param name="fd">A new and empty file; owned by this object.</param>
/// <param name="direct">Bypasses the page cache; null writes through it.</param>
/// <param name="allocatesAhead">Whether blocks may be allocated ahead of being reserved.</param>
public sealed class PagesFile(Fd fd, DirectIo? direct = null, bool allocatesAhead = true) : IDisposable
{
    private const ulong MinAhead = 8 * 1024 * 1024, MaxAhead = 128 * 1024 * 1024; // bytes at a time
    private const int MinHole = 64 * 1024; // bytes: smaller holes would only fragment the file

    private int _users = 1; // one for reserving, and one for each slot not written yet
    private ulong _length, _allocated; // bytes
    private bool _allocatesAhead = allocatesAhead && fd.GainsFromReserving;
    private volatile bool _hasHoles;

    /// <summary>Reserves a slot after the previous one.</summary>
    /// <param name="bytes">The slot's length; if it is 0, nothing may be written.</param>
    /// <returns>The slot's offset in the file, in bytes.</returns>
    public ulong Reserve(ulong bytes)
    {
        if (bytes == 0)
            return 0;
        Interlocked.Increment(ref _users);
        ulong offset = _length;
        _length += bytes;
        if (_allocatesAhead && _length > Math.Max(_allocated, MinAhead / 2))
            AllocateAhead();
        return offset;
    }

    /// <summary>Writes all pages of a slot. Thread-safe.</summary>
    /// <param name="offset">The slot.</param>
    /// <param name="pages">The slot's bytes.</param>
    /// <exception cref="LinuxException">The file can't be written.</exception>
    public void Write(ulong offset, ReadOnlySpan<byte> pages)
    {
        int at = 0, written = 0;
        while (at < pages.Length)
        {
            int zeros = LeadingZeroPages(pages[at..]);
            if (zeros >= MinHole)
            {
                WriteBytes(pages[written..at], offset + (ulong)written);
                LeaveHole(offset + (ulong)at, zeros);
                written = at + zeros;
            }
            at += Math.Max(zeros, PageSize.Bytes);
        }
        WriteBytes(pages[written..], offset + (ulong)written);
        DropUser();
    }

    /// <summary>Copies all pages of a slot from another pages file; holes stay holes.</summary>
    /// <param name="offset">The slot.</param>
    /// <param name="copy">Copies from the other file to this one.</param>
    /// <param name="from">The pages' offset in the other file, in bytes.</param>
    /// <param name="bytes">The slot's length.</param>
    /// <exception cref="InvalidDataException">The other file is too short.</exception>
    /// <exception cref="LinuxException">Reading or writing failed.</exception>
    public void Write(ulong offset, FileCopy copy, ulong from, ulong bytes)
    {
        copy.Copy(from, offset, bytes);
        _hasHoles = true; // possibly at the end, so the length must be set
        DropUser();
    }

    /// <summary>Ends reserving.</summary>
    /// <exception cref="LinuxException">Closing the file failed.</exception>
    public void End() => DropUser();

    /// <inheritdoc/>
    public void Dispose() => fd.Dispose();

    private void DropUser()
    {
        if (Interlocked.Decrement(ref _users) != 0)
            return;
        if (_hasHoles || _allocated > _length)
            fd.Truncate(_length);
        fd.Close();
    }

    private void WriteBytes(ReadOnlySpan<byte> pages, ulong offset)
    {
        if (direct is null)
            fd.WriteAt(pages, offset);
        else
            direct.Write(fd, pages, offset);
    }

    // Doubles the file. Small files are not extended.
    private void AllocateAhead()
    {
        ulong more = Math.Clamp(_length, MinAhead, MaxAhead);
        _allocatesAhead = fd.TryReserve(_length, more);
        if (_allocatesAhead)
            _allocated = _length + more;
    }

    private void LeaveHole(ulong offset, int bytes)
    {
        _hasHoles = true;
        if (Volatile.Read(ref _allocated) > offset)
            fd.PunchHole(offset, (ulong)bytes);
    }

    // The length in bytes of the zero pages at the start. For most pages the first bytes suffice.
    private static int LeadingZeroPages(ReadOnlySpan<byte> pages)
    {
        int zeros = pages.IndexOfAnyExcept((byte)0);
        return zeros < 0 ? pages.Length : zeros - (zeros % PageSize.Bytes);
    }
}
