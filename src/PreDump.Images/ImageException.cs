using PreDump.Linux;

namespace PreDump.Images;

/// <summary>An image can't be used. The message names the file and says what is wrong with it.</summary>
public sealed class ImageException(string file, string problem, Exception? cause = null)
    : KnownFailureException($"{file}: {problem}", [], cause)
{
    /// <summary>The file or directory.</summary>
    public string File { get; } = file;

    /// <summary>What is wrong with it.</summary>
    public string Problem { get; } = problem;
}
