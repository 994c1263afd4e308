using PreDump.Linux;

namespace PreDump.Images;

/// <summary>An image can't be used. The message is the file's path and the problem.</summary>
public sealed class ImageException(string file, string problem, Exception? cause = null)
    : KnownFailureException($"{file}: {problem}", [], cause)
{
    /// <summary>The path of the file or directory.</summary>
    public string File { get; } = file;

    /// <summary>What is wrong with it.</summary>
    public string Problem { get; } = problem;
}
