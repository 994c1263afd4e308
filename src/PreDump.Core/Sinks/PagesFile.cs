using PreDump.Linux;

namespace PreDump.Core.Sinks;

/// <summary>A pages-N.img that several threads write to; closed when no more is placed in it and all that was is written. Pages of
/// zeros, where there are many in a row, stay holes: they read as what they are, and take neither time nor room.</summary>
/// <param name="fd">The file, new and empty.</param>
/// <param name="direct">Writes past the page cache; null: through it.</param>
public sealed class PagesFile(Fd fd, DirectIo? direct = null) : IDisposable
{
    private const ulong LeastReserved = 8 * 1024 * 1024, MostReserved = 128 * 1024 * 1024; // bytes at a time
    private const int LeastHole = 64 * 1024; // bytes: smaller ones would only tear the file to pieces

    private int _users = 1; // whoever places
    private ulong _length, _reserved;
    private bool _reserves = fd.GainsFromReserving;
    private volatile bool _hasHoles;

    /// <summary>Makes a place for so many bytes, behind those before; where it begins. None is needed for no bytes.</summary>
    public ulong Reserve(int bytes)
    {
        if (bytes == 0)
            return 0;
        Interlocked.Increment(ref _users);
        ulong offset = _length;
        _length += (ulong)bytes;
        if (_reserves && _length > Math.Max(_reserved, LeastReserved / 2))
            ReserveBlocks();
        return offset;
    }

    /// <summary>Writes to a place.</summary>
    public void Write(ulong offset, ReadOnlySpan<byte> pages)
    {
        int written = 0;
        for (int at = 0; at < pages.Length;)
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
        Leave();
    }

    /// <summary>No more is placed.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _users) != 0)
            return;
        if (_hasHoles || _reserved > _length)
            fd.Truncate(_length);
        fd.Close();
    }

    /// <inheritdoc/>
    public void Dispose() => fd.Dispose();

    private void Put(ReadOnlySpan<byte> pages, ulong offset)
    {
        if (direct is null)
            fd.WriteAt(pages, offset);
        else
            direct.Write(fd, pages, offset);
    }

    // As much again as there is: small files are left as they are.
    private void ReserveBlocks()
    {
        ulong more = Math.Clamp(_length, LeastReserved, MostReserved);
        _reserves = fd.TryReserve(_length, more);
        if (_reserves)
            _reserved = _length + more;
    }

    private void LeaveHole(ulong offset, int hole)
    {
        _hasHoles = true;
        if (Volatile.Read(ref _reserved) > offset)
            fd.PunchHole(offset, (ulong)hole);
    }

    // In bytes. Most pages show at once that they are none.
    private static int LeadingZeroPages(ReadOnlySpan<byte> pages)
    {
        int zeros = pages.IndexOfAnyExcept((byte)0);
        return zeros < 0 ? pages.Length : zeros - (zeros % PageSize.Bytes);
    }
}
