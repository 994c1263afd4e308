using PreDump.Core;
using PreDump.Linux;

namespace PreDump.Host;

/// <summary>The descriptor of --status-fd, which gets a zero byte once we are ready.</summary>
internal sealed class StatusDescriptor : IDisposable
{
    private Fd? _fd;

    private StatusDescriptor(Fd? fd) => _fd = fd;

    /// <summary>Takes over the descriptor; none for null.</summary>
    /// <exception cref="PreDumpException">It is not open.</exception>
    public static StatusDescriptor Open(int? number)
    {
        if (number is not { } fd)
            return new StatusDescriptor(null);
        if (!Fd.IsInherited(fd))
            throw new PreDumpException($"--status-fd {fd}: no such descriptor is open");
        return new StatusDescriptor(Fd.Adopt(fd, $"status descriptor {fd}"));
    }

    /// <summary>A program that we start does not get it: its reader may wait until it is closed.</summary>
    public void SetCloseOnExec() => _fd?.SetCloseOnExec();

    /// <summary>Writes the zero byte, and closes the descriptor.</summary>
    public void Signal()
    {
        try
        {
            _fd?.Write([0]);
        }
        finally
        {
            Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _fd?.Dispose();
        _fd = null;
    }
}
