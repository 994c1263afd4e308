using PreDump.Linux;

namespace PreDump.Core.Sinks;

/// <summary>Writes pages past the page cache: what others have in the cache stays there, and the bytes are
/// copied once instead of twice. A file system or device that can't do that is written to through the cache, after one warning.</summary>
public sealed class DirectIo(IObserver observer)
{
    private int _refused;

    /// <summary>From now on writes to this file go past the cache, where that can be.</summary>
    public void Begin(Fd file)
    {
        if (Volatile.Read(ref _refused) == 0 && !file.TryBypassCache(true))
            Refused(file);
    }

    /// <summary>Writes whole pages, from page-aligned memory, at a page's offset.</summary>
    public void Write(Fd file, ReadOnlySpan<byte> pages, ulong offset)
    {
        try
        {
            file.WriteAt(pages, offset);
        }
        catch (LinuxException e) when (e.Errno == Errno.EINVAL && file.TryBypassCache(false)) // blocks larger than a page, say
        {
            Refused(file);
            file.WriteAt(pages, offset);
        }
    }

    private void Refused(Fd file)
    {
        if (Interlocked.Exchange(ref _refused, 1) == 0)
            observer.Warn($"{file.Path} can't be written past the page cache (O_DIRECT) on this file system or device: "
                + "the images are written through the cache", RoundInput.IoMode);
    }
}
