using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>A file that can be executed, and which file that is.</summary>
/// <param name="Path">The path that leads to it.</param>
/// <param name="Device">The file's device.</param>
/// <param name="Inode">The file's inode number on that device.</param>
public readonly record struct ProgramFile(string Path, ulong Device, ulong Inode)
{
    private const uint S_IFMT = 0xF000, S_IFREG = 0x8000, AnyExecute = 0b001_001_001;

    /// <summary>The program at a path, symbolic links followed; null if there is none. See fstat(2).</summary>
    public static unsafe ProgramFile? At(string path)
    {
        using var file = Fd.TryOpen(path, O_PATH, out _);
        stat status;
        if (file is null || fstat(file.Number, &status) != 0)
            return null;
        uint mode = (uint)status.st_mode;
        return (mode & S_IFMT) == S_IFREG && (mode & AnyExecute) != 0
            ? new ProgramFile(path, (ulong)status.st_dev, (ulong)status.st_ino)
            : null;
    }

    /// <summary>Whether this is the program that runs now, by whatever name.</summary>
    public bool IsOurs => At("/proc/self/exe") is { } own && own.Device == Device && own.Inode == Inode;
}
