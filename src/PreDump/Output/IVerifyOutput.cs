using PreDump.Core.Comparing;
using PreDump.Images;

namespace PreDump.Output;

/// <summary>Takes the results of `predump verify`, as they are found.</summary>
internal interface IVerifyOutput : IDisposable
{
    /// <summary>Something that is wrong with an image.</summary>
    void Problem(ImageProblem problem);

    /// <summary>The result for a task that was compared.</summary>
    void Task(TaskComparison task);

    /// <summary>The summary, at the end.</summary>
    /// <param name="directory">The last round's.</param>
    /// <param name="result">What the check of the images saw.</param>
    /// <param name="compared">Whether memory was compared; null: it was not asked for.</param>
    /// <param name="sound">Whether nothing is wrong at all.</param>
    void Summary(string directory, ImageCheckResult result, bool? compared, bool sound);
}
