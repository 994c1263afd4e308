namespace PreDump.Images;

/// <summary>Opens images for reading, with errors that name the file.</summary>
internal static class ImageFile
{
    // Pagemaps are read in records of some 20 bytes: 64 KiB is 3000 of them for one system call.
    private const int BufferBytes = 64 * 1024;

    /// <exception cref="ImageException">The file isn't there or can't be opened.</exception>
    internal static FileStream OpenRead(string path)
        => TryOpenRead(path) ?? throw new ImageException(path, "no such file");

    /// <returns>The file, or null if there is none.</returns>
    /// <exception cref="ImageException">The file is there but can't be opened.</exception>
    internal static FileStream? TryOpenRead(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, BufferBytes);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ImageException(path, "permission denied, or a directory", e);
        }
        catch (IOException e)
        {
            throw new ImageException(path, $"can't be opened ({e.Message})", e);
        }
    }
}
