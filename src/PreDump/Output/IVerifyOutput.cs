using PreDump.Core.Comparing;
using PreDump.Images;

namespace PreDump.Output;

/// <summary>Takes what `predump verify` finds, as it finds it.</summary>
internal interface IVerifyOutput : IDisposable
{
    /// <summary>Something is wrong with an image.</summary>
    void Problem(ImageProblem problem);

    /// <summary>A task was compared.</summary>
    void Task(TaskComparison task);

    /// <summary>The end.</summary>
    /// <param name="directory">The last round's.</param>
    /// <param name="result">What the check of the images saw.</param>
    /// <param name="compared">Whether memory was compared; null: nobody asked for it.</param>
    /// <param name="sound">Whether nothing is wrong at all.</param>
    void Summary(string directory, ImageCheckResult result, bool? compared, bool sound);
}
