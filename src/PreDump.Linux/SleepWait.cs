using System.Diagnostics;

namespace PreDump.Linux;

/// <summary>Waits a little for threads in uninterruptible sleep (state D). Most of these sleeps take microseconds, for a lock or
/// a disk; one on a device or a network file system that hangs may last for ever.</summary>
/// <param name="patience">How long to wait for all threads together.</param>
internal sealed class SleepWait(TimeSpan patience)
{
    private const int PauseMicroseconds = 500;

    private long _waited; // in ticks of the Stopwatch

    /// <summary>Whether a thread sleeps on, in the same sleep, until the patience is used up.</summary>
    public bool IsInVain(int tid)
    {
        if (ProcFs.State(tid) != 'D')
            return false;
        long? sleep = Sleep(tid);
        for (long start = Stopwatch.GetTimestamp(), before = _waited; sleep is not null;)
        {
            if (Stopwatch.GetElapsedTime(0, _waited) > patience)
                return true;
            FreezeThread.Pause(PauseMicroseconds);
            _waited = before + Stopwatch.GetTimestamp() - start;
            if (Sleep(tid) != sleep)
                return false;
        }
        return false;
    }

    // Counts a thread's sleeps; null if it is awake now.
    private static long? Sleep(int tid) => ProcStatus.TryRead(tid) is { State: 'D' } status ? status.VoluntarySwitches : null;
}
