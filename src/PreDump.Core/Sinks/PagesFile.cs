using PreDump.Linux;

namespace PreDump.Core.Sinks;

/// <summary>A pages-N.img: places are reserved in it by one thread at a time, and written by any, once each. It is closed when no
/// more is reserved and all that was is written. Pages of zeros, where there are many in a row, stay holes: they read as what
/// they are, and take neither time nor room.</summary>
/// <param name="fd">The file, new and empty.</param>
/// <param name="direct">Writes past the page cache; null: through it.</param>
/// <param name="allocatesAhead">Whether blocks may be allocated for what will be reserved.</param>
public sealed class PagesFile(Fd fd, DirectIo? direct = null, bool allocatesAhead = true) : IDisposable
{
    private const ulong LeastAhead = 8 * 1024 * 1024, MostAhead = 128 * 1024 * 1024; // bytes at a time
    private const int LeastHole = 64 * 1024; // bytes: smaller ones would only tear the file to pieces

    private int _users = 1; // who reserves, and each place that is not written yet
    private ulong _length, _allocated; // bytes
    private bool _allocatesAhead = allocatesAhead && fd.GainsFromReserving;
    private volatile bool _hasHoles;

    /// <summary>Reserves a place, after those before.</summary>
    /// <param name="bytes">Its length; 0: no place is needed, and nothing must be written.</param>
    /// <returns>Its offset in the file, in bytes.</returns>
    public ulong Reserve(ulong bytes)
    {
        if (bytes == 0)
            return 0;
        Interlocked.Increment(ref _users);
        ulong offset = _length;
        _length += bytes;
        if (_allocatesAhead && _length > Math.Max(_allocated, LeastAhead / 2))
            AllocateAhead();
        return offset;
    }

    /// <summary>Writes pages to their place.</summary>
    public void Write(ulong offset, ReadOnlySpan<byte> pages)
    {
        int at = 0, written = 0;
        while (at < pages.Length)
        {
            int zeros = LeadingZeroPages(pages[at..]);
            if (zeros >= LeastHole)
            {
                Put(pages[written..at], offset + (ulong)written);
                LeaveHole(offset + (ulong)at, zeros);
                written = at + zeros;
            }
            at += Math.Max(zeros, PageSize.Bytes);
        }
        Put(pages[written..], offset + (ulong)written);
        DropUser();
    }

    /// <summary>Writes pages of another pages file to their place; holes stay holes.</summary>
    /// <param name="offset">The place.</param>
    /// <param name="copy">Copies from the other file to this one.</param>
    /// <param name="from">Where the pages are there, in bytes.</param>
    /// <param name="bytes">How many bytes they have.</param>
    public void Write(ulong offset, FileCopy copy, ulong from, ulong bytes)
    {
        copy.Copy(from, offset, bytes);
        _hasHoles = true; // maybe, at the end
        DropUser();
    }

    /// <summary>No more is reserved.</summary>
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

    private void Put(ReadOnlySpan<byte> pages, ulong offset)
    {
        if (direct is null)
            fd.WriteAt(pages, offset);
        else
            direct.Write(fd, pages, offset);
    }

    // As much again as there is: small files are left as they are.
    private void AllocateAhead()
    {
        ulong more = Math.Clamp(_length, LeastAhead, MostAhead);
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

    // In bytes. Most pages show at once that they are none.
    private static int LeadingZeroPages(ReadOnlySpan<byte> pages)
    {
        int zeros = pages.IndexOfAnyExcept((byte)0);
        return zeros < 0 ? pages.Length : zeros - (zeros % PageSize.Bytes);
    }
}
