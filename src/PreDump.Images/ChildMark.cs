using PreDump.Linux;

namespace PreDump.Images;

/// <summary>What was made on images: <see cref="ImageNames.Child"/> says the path of the round or dump that took the tracking
/// over, and its dump_uptime; <see cref="ImageNames.ChildrenByContent"/> the paths of those that compared contents.</summary>
public static class ChildMark
{
    /// <summary>The maximum length of the first file in bytes: enough for a path and a number.</summary>
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

    /// <summary>The paths in <see cref="ImageNames.ChildrenByContent"/>, each once; empty if there is no such file.</summary>
    /// <exception cref="ImageException">It can't be read.</exception>
    public static IReadOnlyList<string> PathsByContent(DirectoryFd directory)
    {
        using var file = directory.TryOpenRegular(ImageNames.ChildrenByContent, out string? problem);
        if (problem is not null)
            throw new ImageException(directory.PathOf(ImageNames.ChildrenByContent), problem);
        using var text = new MemoryStream();
        Span<byte> part = stackalloc byte[4096];
        for (int got; file is not null && (got = file.Read(part)) > 0;)
            text.Write(part[..got]);
        return [.. RawText.Decode(text.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct()];
    }

    /// <summary>All paths of rounds and dumps that were made on the images, each once.</summary>
    /// <exception cref="ImageException">They can't be read.</exception>
    public static IReadOnlyList<string> AllPaths(DirectoryFd directory)
    {
        var byContent = PathsByContent(directory);
        return PathIn(directory) is { } tracked && !byContent.Contains(tracked) ? [.. byContent, tracked] : byContent;
    }
}
