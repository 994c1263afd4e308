namespace PreDump.Linux;

/// <summary>Does in a directory what will be done there later, with a file that is removed again: what fails (no space, no
/// permission, a seccomp filter) then fails before anything depends on it.</summary>
public static class DirectoryTrial
{
    private const string Name = ".predump.probe", NewName = ".predump.probe.new";
    private const int Bytes = 4096; // a block

    /// <summary>Creates a file, writes to it, cuts it off, renames it, and removes it.</summary>
    /// <exception cref="LinuxException">One of these calls fails. Nothing is left behind, unless it was the removal that
    /// failed.</exception>
    public static void Run(DirectoryFd directory)
    {
        if (directory.IsAppendOnly)
            throw new LinuxException("rename", directory.PathOf(Name), Errno.EPERM);
        foreach (string name in new[] { Name, NewName })
        {
            directory.TryRemoveDirectory(name); // of a FileSystemProbe that was killed
            directory.RemoveIfPresent(name);
        }
        try
        {
            using (var file = directory.CreatePrivate(NewName))
            {
                Span<byte> block = stackalloc byte[Bytes];
                file.WriteAt(block, 0);
                file.Truncate(0);
                file.Write(block);
                file.Close();
            }
            directory.Rename(NewName, Name);
        }
        catch
        {
            directory.TryUnlink(NewName);
            throw;
        }
        directory.RemoveIfPresent(Name);
    }
}
