namespace PreDump.Linux;

/// <summary>A directory that is filled under a provisional name beside the place that it is for, and takes that place in one
/// step: whenever the process is killed, the place has what it had, or all of this. With <see cref="Sync"/> before that step the
/// same holds if the machine crashes; with another one after it, the step itself is on the disk.</summary>
public sealed class ProvisionalDirectory : IDisposable
{
    private readonly DirectoryFd _within;
    private readonly string _name;
    private DirectoryFd? _replaced; // what was at the place, and is at the provisional name now
    private bool _hasPlace;

    private ProvisionalDirectory(DirectoryFd within, string name, DirectoryFd directory) =>
        (_within, _name, Directory) = (within, name, directory);

    /// <summary>The directory itself.</summary>
    public DirectoryFd Directory { get; }

    /// <summary>Makes one (mode 0700), and removes what a process that was killed has left; null if another process is making
    /// one for the same place.</summary>
    /// <param name="within">The directory of the place; owned by the result.</param>
    /// <param name="name">The place's name in it.</param>
    /// <exception cref="LinuxException">It can't be made. EEXIST: something else has its name.</exception>
    public static ProvisionalDirectory? TryCreate(DirectoryFd within, string name)
    {
        if (within.TryOpenOwnDirectory(Provisional(name)) is { } left)
            using (left)
            {
                if (!left.TryLock())
                    return null;
                left.Clear();
                within.TryRemoveDirectory(Provisional(name));
            }
        var directory = within.MakePrivateDirectory(Provisional(name));
        if (directory.TryLock())
            return new ProvisionalDirectory(within, name, directory);
        directory.Dispose();
        return null;
    }

    /// <summary>Tries whether this file system can exchange directories.</summary>
    /// <exception cref="LinuxException">It can't: EINVAL, or another error.</exception>
    public void TryExchange()
    {
        const string One = "1", Other = "2";
        Directory.MakePrivateDirectory(One).Dispose();
        Directory.MakePrivateDirectory(Other).Dispose();
        Directory.Exchange(One, Other);
        Directory.Clear();
    }

    /// <summary>Writes the directory, and the names around it, to the disk.</summary>
    /// <exception cref="LinuxException">Something can't be written.</exception>
    public void Sync() => Directory.SyncFileSystem();

    /// <summary>Takes the place, where there is nothing or an empty directory.</summary>
    /// <exception cref="LinuxException">ENOTEMPTY, EEXIST: something is there; or it can't be renamed.</exception>
    public void TakePlace()
    {
        _within.Rename(Provisional(_name), _name);
        _hasPlace = true;
    }

    /// <summary>Takes the place of a directory, which gets the provisional name, or gives it back.</summary>
    /// <param name="other">The directory that has the place; owned by the caller. Disposing removes it.</param>
    /// <exception cref="LinuxException">They can't be exchanged.</exception>
    public void Exchange(DirectoryFd other)
    {
        _within.Exchange(Provisional(_name), _name);
        _replaced = _replaced is null ? other : null;
    }

    /// <summary>Removes what has the provisional name: this directory, unless it has its place, or the one that it has replaced.
    /// Errors are ignored.</summary>
    public void Dispose()
    {
        if (!_hasPlace)
        {
            (_replaced ?? Directory).Clear();
            _within.TryRemoveDirectory(Provisional(_name));
        }
        Directory.Dispose();
        _within.Dispose();
    }

    private static string Provisional(string name) => $".{name}.predump-new";
}
