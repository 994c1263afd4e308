using PreDump.Linux;

namespace PreDump.Engine;

/// <summary>A pages-N.img that several threads write to; closed when no more is placed in it and all that was is written.</summary>
internal sealed class PagesFile(Fd fd) : IDisposable
{
    private const ulong LeastReserved = 8 * 1024 * 1024, MostReserved = 128 * 1024 * 1024; // bytes at a time

    private int _users = 1; // whoever places
    private ulong _length, _reserved;
    private bool _reserves = fd.GainsFromReserving;

    /// <summary>A place for so many bytes, behind those before.</summary>
    public PagesPlace Place(int bytes)
    {
        if (bytes == 0)
            return default;
        Interlocked.Increment(ref _users);
        ulong offset = _length;
        _length += (ulong)bytes;
        if (_reserves && _length > Math.Max(_reserved, LeastReserved / 2))
            Reserve();
        return new PagesPlace(this, offset);
    }

    /// <summary>Writes to a place.</summary>
    public void Write(ulong offset, ReadOnlySpan<byte> pages)
    {
        fd.WriteAt(pages, offset);
        Leave();
    }

    /// <summary>No more is placed.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            if (_reserved > _length)
                fd.Truncate(_length);
            fd.Close();
        }
    }

    // As much again as there is: small files are left as they are.
    private void Reserve()
    {
        ulong more = Math.Clamp(_length, LeastReserved, MostReserved);
        _reserves = fd.TryReserve(_length, more);
        if (_reserves)
            _reserved = _length + more;
    }

    /// <inheritdoc/>
    public void Dispose() => fd.Dispose();
}
