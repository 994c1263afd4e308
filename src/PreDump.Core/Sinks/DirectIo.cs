using PreDump.Linux;

namespace PreDump.Core.Sinks;

/// <summary>Writes pages with O_DIRECT: other programs' data stays in the page cache, and the bytes are copied once instead of
/// twice. If the file system or device does not support it, warns once and writes through the cache. Thread-safe. See
/// open(2).</summary>
/// <param name="observer">Receives the warning.</param>
public sealed class DirectIo(IObserver observer)
{
    private int _refused;

    /// <summary>Makes later writes to a file bypass the page cache, if that is supported.</summary>
    public void Begin(Fd file)
    {
        if (Volatile.Read(ref _refused) == 0 && !file.TryBypassCache(true))
            Refused(file);
    }

    /// <summary>Writes complete pages from page-aligned memory.</summary>
    /// <param name="file">A file passed to <see cref="Begin"/>.</param>
    /// <param name="pages">The pages.</param>
    /// <param name="offset">The offset in the file, a multiple of the page size.</param>
    /// <exception cref="LinuxException">The file can't be written.</exception>
    public void Write(Fd file, ReadOnlySpan<byte> pages, ulong offset)
    {
        try
        {
            file.WriteAt(pages, offset);
        }
        catch (LinuxException e) when (e.Errno == Errno.EINVAL && file.TryBypassCache(false)) // for blocks larger than a page
        {
            Refused(file);
            file.WriteAt(pages, offset);
        }
    }

    private void Refused(Fd file)
    {
        if (Interlocked.Exchange(ref _refused, 1) == 0)
            observer.Warn($"{file.Path} can't be written with O_DIRECT on this file system or device: "
                + "the images are written through the page cache", RoundInput.IoMode);
    }
}
