using System.Diagnostics;

namespace PreDump.Core.Copying;

/// <summary>Spreads the copy over time, so that all threads together copy no more than a number of bytes a second. Each waits
/// until those before have had their time; time that no thread used is lost. For any thread.</summary>
/// <param name="bytesPerSecond">The limit.</param>
/// <param name="stopping">Ends each wait.</param>
public sealed class RateLimit(long bytesPerSecond, CancellationToken stopping)
{
    private readonly Lock _lock = new();
    private long _free = Stopwatch.GetTimestamp(); // when those before have had theirs

    /// <summary>Waits until <paramref name="bytes"/> bytes may be copied.</summary>
    public void Take(int bytes)
    {
        long now = Stopwatch.GetTimestamp(), turn;
        lock (_lock)
        {
            turn = Math.Max(_free, now);
            _free = turn + (long)((double)bytes / bytesPerSecond * Stopwatch.Frequency);
        }
        if (turn > now)
            stopping.WaitHandle.WaitOne(Stopwatch.GetElapsedTime(now, turn));
    }
}
