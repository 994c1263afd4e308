using Microsoft.Win32.SafeHandles;
using PreDump.Linux;

namespace PreDump.Images;

/// <summary>Opens images for reading, with errors that name the file. What is no plain file is refused, and never waited for.</summary>
internal static class ImageFile
{
    // Pagemaps are read in records of some 20 bytes: 64 KiB is 3000 of them for one system call.
    internal const int BufferBytes = 64 * 1024;

    private const int MinBufferBytes = 512;

    /// <exception cref="ImageException">The file isn't there or can't be opened.</exception>
    internal static FileStream OpenRead(string path)
        => TryOpenRead(path) ?? throw new ImageException(path, "no such file");

    /// <param name="path">The image.</param>
    /// <param name="bufferBytes">Less where very many are open at once.</param>
    /// <returns>The file, or null if there is none.</returns>
    /// <exception cref="ImageException">The file is there but can't be opened.</exception>
    internal static FileStream? TryOpenRead(string path, int bufferBytes = BufferBytes)
    {
        var handle = TryOpenHandle(path);
        // Most images are small, and a tree may have hundreds.
        return handle is null ? null : new FileStream(handle, FileAccess.Read, (int)Math.Clamp(RandomAccess.GetLength(handle), MinBufferBytes, bufferBytes));
    }

    /// <exception cref="ImageException">The file isn't there or can't be opened.</exception>
    internal static SafeFileHandle OpenHandle(string path)
        => TryOpenHandle(path) ?? throw new ImageException(path, "no such file");

    private static SafeFileHandle? TryOpenHandle(string path)
    {
        var handle = RegularFile.TryOpenRead(path, out string? problem);
        return problem is null ? handle : throw new ImageException(path, problem);
    }
}
