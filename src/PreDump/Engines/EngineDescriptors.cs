using PreDump.Linux;
using static System.FormattableString;

namespace PreDump.Engines;

/// <summary>Descriptors that a request names by their numbers in the engine's own table: they are reached through
/// /proc/PID/fd.</summary>
/// <param name="enginePid">The engine's pid; 0 if it can't be seen from here.</param>
internal sealed class EngineDescriptors(int enginePid) : IDisposable
{
    private const int O_WRONLY = 1;

    private readonly List<Fd> _opened = [];
    private readonly List<DirectoryFd> _directories = [];

    /// <summary>The engine's pid.</summary>
    public int EnginePid => enginePid;

    /// <summary>Ours, for the round's process.</summary>
    public IReadOnlyList<int> Opened => [.. _opened.Select(fd => fd.Number)];

    /// <summary>The path of a directory: its own one if that leads there, which reads better in messages.</summary>
    /// <param name="number">The number in the engine's table.</param>
    /// <param name="what">What messages call it.</param>
    /// <exception cref="RequestException">It is no directory, or can't be opened.</exception>
    public string DirectoryAt(int number, string what)
    {
        string link = LinkOf(number);
        using var directory = DirectoryFd.TryOpen(link, out int error);
        if (directory is null)
            throw Refused(number, what, error);
        string path = directory.PresentPath();
        return directory.IsAt(path) ? path : link;
    }

    /// <summary>Opens a directory; it is closed with this object.</summary>
    /// <param name="number">The number in the engine's table.</param>
    /// <param name="what">What messages call it.</param>
    /// <exception cref="RequestException">It is no directory, or can't be opened.</exception>
    public DirectoryFd OpenDirectory(int number, string what)
    {
        var directory = DirectoryFd.TryOpen(LinkOf(number), out int error) ?? throw Refused(number, what, error);
        _directories.Add(directory);
        return directory;
    }

    /// <summary>Opens a directory by its path; it is closed with this object.</summary>
    /// <exception cref="LinuxException">It can't be opened.</exception>
    public DirectoryFd OpenDirectory(string path)
    {
        var directory = DirectoryFd.Open(path);
        _directories.Add(directory);
        return directory;
    }

    /// <summary>Opens a descriptor's file for writing; returns our own number.</summary>
    /// <param name="number">The number in the engine's table.</param>
    /// <param name="what">What messages call it.</param>
    /// <exception cref="RequestException">It can't be opened.</exception>
    public int OpenForWriting(int number, string what)
    {
        var fd = Fd.TryOpen(LinkOf(number), O_WRONLY, out int error) ?? throw Refused(number, what, error);
        _opened.Add(fd);
        return fd.Number;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _opened.ForEach(fd => fd.Dispose());
        _directories.ForEach(directory => directory.Dispose());
    }

    private string LinkOf(int number) => enginePid > 0
        ? Invariant($"/proc/{enginePid}/fd/{number}")
        : throw new RequestException(Errno.ESRCH, "the engine is in another pid namespace, so that its descriptors can't be "
            + "reached: run both in the same one");

    private RequestException Refused(int number, string what, int error) => new(
        error == Errno.ENOENT ? Errno.EBADF : error,
        $"descriptor {number} of the engine (process {enginePid}) is not the {what} that its request says: "
            + new LinuxException("open", LinkOf(number), error).Message);
}
