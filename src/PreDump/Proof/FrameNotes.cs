using PreDump.Linux;

namespace PreDump.Proof;

/// <summary>What a round noted of page frames beside its images: by it pages are told that need not be compared.</summary>
internal sealed class FrameNotes : IDisposable
{
    private FrameNotes()
    {
    }

    /// <summary>Opens the notes of a round; null where there are none that can be used.</summary>
    /// <param name="round">The directory of the round that the dump was built upon. No other round or dump was made on it before.</param>
    /// <param name="why">Why there are none, for the log.</param>
    public static FrameNotes? TryOpen(string round, out string why)
    {
        why = $"{round} has no notes of page frames";
        return null;
    }

    /// <summary>Tells the suspects among a task's pages; <see cref="AllSuspects"/> for one of which nothing is noted.</summary>
    public IFrameSuspects Of(TreeTask task) => AllSuspects.Instance;

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
