using PreDump.Linux;

namespace PreDump.Engine;

/// <summary>A pages-N.img that several threads write to; closed when no more is placed in it and all that was is written.</summary>
internal sealed class PagesFile(Fd fd) : IDisposable
{
    private int _users = 1; // whoever places
    private ulong _length;

    /// <summary>A place for so many bytes, behind those before.</summary>
    public PagesPlace Place(int bytes)
    {
        if (bytes == 0)
            return default;
        Interlocked.Increment(ref _users);
        ulong offset = _length;
        _length += (ulong)bytes;
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
            fd.Close();
    }

    /// <inheritdoc/>
    public void Dispose() => fd.Dispose();
}
