using System.Diagnostics;

namespace PreDump.Linux;

/// <summary>What ends the work in a freeze early, so that the tree runs on: asked every few milliseconds.</summary>
/// <param name="Deadline">When the tree must run again: a <see cref="Stopwatch"/> timestamp.</param>
/// <param name="Cancel">Set when the round is cancelled.</param>
public readonly record struct FreezeLimit(long Deadline, CancellationToken Cancel)
{
    /// <summary>Ends the work by an exception, if it must end.</summary>
    /// <exception cref="TreeException">The deadline is over.</exception>
    /// <exception cref="OperationCanceledException">The round was cancelled.</exception>
    public void Check()
    {
        Cancel.ThrowIfCancellationRequested();
        if (Stopwatch.GetTimestamp() > Deadline)
            throw new TreeException("the frozen tree could not be looked at in time: the tree runs on; allow more time",
                TreeInput.Timeout);
    }
}
