using PreDump.Linux;

namespace PreDump.Images;

/// <summary>What <see cref="ImageNames.Child"/> says: the path of the round or dump that was made on the images, and its
/// dump_uptime.</summary>
public static class ChildMark
{
    /// <summary>The maximum length of the file in bytes: enough for a path and a number.</summary>
    public const int MaxBytes = 8 * 1024;

    /// <summary>The path in a directory's mark; null if there is none or it is unreadable.</summary>
    public static string? PathIn(DirectoryFd directory)
    {
        using var mark = directory.TryOpenRegular(ImageNames.Child, out _);
        var bytes = new byte[MaxBytes];
        int length = mark?.TryReadAt(bytes, 0) ?? 0;
        string path = RawText.Decode(bytes.AsSpan(0, Math.Max(length, 0))).Split('\n')[0];
        return path.Length > 0 ? path : null;
    }
}
