using System.Diagnostics;

namespace PreDump.Linux;

/// <summary>How long one attempt at a freeze waits for the slowest thread, while the others stand still already.</summary>
/// <param name="Asleep">The time for a thread in uninterruptible sleep, which may last for ever.</param>
/// <param name="Slow">The time for any other thread, and for a freezer cgroup.</param>
/// <param name="Deadline">When the tree must run again, whatever was achieved: a <see cref="Stopwatch"/> timestamp.</param>
public readonly record struct FreezePatience(TimeSpan Asleep, TimeSpan Slow, long Deadline)
{
    private const double FirstAsleep = 30, MostAsleep = 100, FirstSlow = 100; // milliseconds

    /// <summary>The patience of an attempt: later ones are a little more patient.</summary>
    /// <param name="failed">The number of attempts before it.</param>
    /// <param name="deadline">When the tree must run again.</param>
    public static FreezePatience Of(int failed, long deadline) => new(
        TimeSpan.FromMilliseconds(Math.Min(FirstAsleep + (10 * failed), MostAsleep)),
        TimeSpan.FromMilliseconds(FirstSlow * (1L << Math.Min(failed, 20))),
        deadline);

    /// <summary>Whether an attempt has used up its patience.</summary>
    /// <param name="interrupted">When it interrupted the tree, as a <see cref="Stopwatch"/> timestamp.</param>
    /// <param name="asleep">Whether it waits for a thread in uninterruptible sleep.</param>
    public bool IsOver(long interrupted, bool asleep) =>
        Stopwatch.GetElapsedTime(interrupted) > (asleep ? Asleep : Slow) || Stopwatch.GetTimestamp() > Deadline;
}
