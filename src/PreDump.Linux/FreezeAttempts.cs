using System.Diagnostics;

namespace PreDump.Linux;

/// <summary>Freezes a tree in short attempts. One thread that can't stop (in uninterruptible sleep, for example) must not make
/// all others stand still for long: the tree is let go, runs for ten times as long as it stood still, and is tried
/// again.</summary>
/// <param name="timeout">For how long it is tried; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
/// <param name="cancel">Ends the attempts.</param>
public sealed class FreezeAttempts(TimeSpan timeout, CancellationToken cancel)
{
    private const int PauseFactor = 10;

    /// <summary>The number of attempts that failed.</summary>
    public int Failed { get; private set; }

    /// <summary>How long the tree stood still in failed attempts, all together.</summary>
    public TimeSpan StoodStill { get; private set; }

    /// <summary>Why the last failed attempt failed; null if none did.</summary>
    public string? Why { get; private set; }

    /// <summary>Runs <paramref name="attempt"/>, each time on a new <see cref="FreezeThread"/>, until it does not throw a
    /// <see cref="NotStoppedException"/>.</summary>
    /// <exception cref="TreeException">The tree could not be frozen in time.</exception>
    /// <exception cref="OperationCanceledException">The attempts were cancelled.</exception>
    public void Run(Action<FreezePatience> attempt)
    {
        long deadline = timeout == Timeout.InfiniteTimeSpan
            ? long.MaxValue
            : Stopwatch.GetTimestamp() + (long)(timeout.TotalSeconds * Stopwatch.Frequency);
        while (!HasSucceeded(attempt, deadline, out var pause))
        {
            if (deadline != long.MaxValue && Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), deadline) < pause)
                throw new TreeException($"{Why}; tried {Failed} times, and the tree stood still for "
                    + $"{StoodStill.TotalMilliseconds:0} ms in all: try again later, or allow more time", TreeInput.Timeout);
            _ = cancel.WaitHandle.WaitOne(pause);
            cancel.ThrowIfCancellationRequested();
        }
    }

    private bool HasSucceeded(Action<FreezePatience> attempt, long deadline, out TimeSpan pause)
    {
        pause = TimeSpan.Zero;
        try
        {
            return FreezeThread.Run(() =>
            {
                attempt(FreezePatience.Of(Failed, deadline));
                return true;
            });
        }
        catch (NotStoppedException e)
        {
            Failed++;
            StoodStill += e.StoodStill;
            Why = e.Message;
            pause = e.StoodStill * PauseFactor;
            return false;
        }
    }
}
