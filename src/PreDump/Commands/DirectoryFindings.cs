using PreDump.Linux;
using PreDump.Output;

namespace PreDump.Commands;

/// <summary>What a directory for images, and the file system that it is in, can do.</summary>
internal static class DirectoryFindings
{
    private const string ShmemHugePages = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";

    /// <summary>Tries it.</summary>
    /// <param name="path">The directory.</param>
    public static IEnumerable<Finding> Of(string path)
    {
        using var directory = DirectoryFd.TryOpen(path, out int error);
        if (directory is null)
        {
            yield return new("directory", false, true, error == Errno.ENOENT
                ? $"{path} does not exist: make it first (mkdir -p {path})"
                : new LinuxException("open", path, error).Message);
            yield break;
        }
        var writing = Writing(directory);
        yield return writing;
        if (!writing.Ok)
            yield break;
        var probe = new FileSystemProbe(directory);
        var (kind, options) = Mounts.Of(directory) ?? ("unknown", []);
        if (probe.FreeBytes is { } free)
            yield return new("space", free > 0, false, $"{Sizes.Bytes(free)} are free");
        yield return FileSystem(kind, options);
        yield return Can("symbolic links", probe.HasLinks(), "CRIU finds a round's parent by one",
            "none here: every round is a full copy, and none has stripes");
        yield return Can("holes", probe.PunchesHoles(), "dedup can free pages of parents",
            "can't be punched: dedup and --auto-dedup free nothing");
        yield return Can("O_DIRECT", probe.WritesDirectly(), "--image-io-mode direct writes past the page cache",
            "not supported: --image-io-mode direct writes through the page cache");
        yield return Can("exchange", probe.Exchanges(), "squash can replace a round in place",
            "directories can't be exchanged: squash needs another place for its images (--output)");
    }

    private static Finding Writing(DirectoryFd directory)
    {
        try
        {
            DirectoryTrial.Run(directory);
            return new("directory", true, true, $"{directory.PresentPath()} can be written");
        }
        catch (LinuxException e)
        {
            return new("directory", false, true, $"{directory.PresentPath()} can't be written: {e.Message}");
        }
    }

    private static Finding FileSystem(string kind, IReadOnlyList<string> options)
    {
        if (kind != "tmpfs")
            return new("file system", true, false, kind);
        bool huge = options.Contains("huge=always")
            || ProcFs.TryReadText(ShmemHugePages)?.Contains("[force]", StringComparison.Ordinal) == true;
        return new("file system", huge, false, huge ? "tmpfs with huge pages: the fastest place for images"
            : "tmpfs without huge pages: mounted with huge=always it takes images 1.5 to 4 times as fast, and up to 13 times "
                + "with many threads");
    }

    private static Finding Can(string name, bool? ok, string good, string bad) =>
        new(name, ok == true, false, ok is { } known ? known ? good : bad : "can't be tried: too little space is left");
}
