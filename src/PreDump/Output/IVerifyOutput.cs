using PreDump.Engine;
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
    void Summary(string directory, ImageCheckResult result, bool compared, bool sound);
}
