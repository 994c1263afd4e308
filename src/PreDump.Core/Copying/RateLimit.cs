using System.Diagnostics;

namespace PreDump.Core.Copying;

/// <summary>Spreads the copy over time: so many bytes a second of all threads together. Who comes waits until those before have had
/// their time; time that nobody used is lost.</summary>
/// <param name="bytesPerSecond">How many.</param>
/// <param name="stopping">Ends each wait.</param>
public sealed class RateLimit(long bytesPerSecond, CancellationToken stopping)
{
    private readonly Lock _lock = new();
    private long _free = Stopwatch.GetTimestamp(); // when those before have had theirs

    /// <summary>Waits for the time of so many bytes.</summary>
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
