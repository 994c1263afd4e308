using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Whole small files that a user names: configuration, certificates. Symbolic links and FIFOs are as good as
/// files.</summary>
public static class FileContent
{
    /// <summary>Whether there is such a file.</summary>
    public static bool Exists(string path)
    {
        using var file = Fd.TryOpen(path, O_PATH, out _);
        return file is not null;
    }

    /// <summary>Its bytes.</summary>
    /// <exception cref="LinuxException">It can't be read.</exception>
    public static byte[] Read(string path)
    {
        using var file = Fd.Open(path, O_RDONLY);
        using var content = new MemoryStream();
        Span<byte> part = stackalloc byte[4096];
        for (int got; (got = file.Read(part)) > 0;)
            content.Write(part[..got]);
        return content.ToArray();
    }
}
