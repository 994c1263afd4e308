using PreDump.Images;

namespace PreDump.Tests.Support;

/// <summary>Opens images by their paths for the time of a call.</summary>
internal static class Opened
{
    /// <summary>Calls a function with a directory of images.</summary>
    public static T In<T>(string directory, Func<ImageDirectory, T> read)
    {
        using var images = ImageDirectory.Open(directory);
        return read(images);
    }

    /// <summary>Reads an image by its path.</summary>
    public static T Image<T>(string path, Func<ImageDirectory, string, T> read) =>
        In(Path.GetDirectoryName(path)!, directory => read(directory, Path.GetFileName(path)));

    /// <summary>A round's frame ledger; null where it has none.</summary>
    public static FrameLedger? Ledger(string directory) => In(directory, images => FrameLedger.TryOpen(images));

    /// <summary>Checks images.</summary>
    public static ImageCheckResult Check(string directory, Action<ImageProblem> report) =>
        In(directory, images => new ImageCheck(report, Bytes.PageSize).Run(images));

    /// <summary>The rounds of a chain.</summary>
    public static List<ChainLink> Walk(string directory) => In(directory, images => ImageChain.Walk(images).ToList());
}
