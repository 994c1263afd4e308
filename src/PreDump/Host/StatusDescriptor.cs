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
    public static StatusDescriptor Open(int? number) =>
        TryOpen(number) ?? throw new PreDumpException($"--status-fd {number}: no such descriptor is open");

    /// <summary>Takes over the descriptor; none for null. Returns null if it is not open.</summary>
    public static StatusDescriptor? TryOpen(int? number) => number is not { } fd ? new StatusDescriptor(null)
        : Fd.IsInherited(fd) ? new StatusDescriptor(Fd.Adopt(fd, $"status descriptor {fd}"))
        : null;

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
