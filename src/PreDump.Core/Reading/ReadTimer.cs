using System.Diagnostics;

namespace PreDump.Core.Reading;

/// <summary>How long the current read of a task's memory has taken. One thread reads; another one may give the read up:
/// <code>
/// idle ── Begin ──► reading ── End ──► idle
///                      └── TryGiveUp ──► given up ── End, if the read ever returns ──► ReadGivenUpException
/// </code></summary>
public sealed class ReadTimer
{
    private const long Idle = 0, GivenUp = -1;

    private long _readingSince;

    /// <summary>A read begins; by the thread that reads.</summary>
    public void Begin() => Volatile.Write(ref _readingSince, Stopwatch.GetTimestamp());

    /// <summary>The read has returned; by the thread that reads.</summary>
    /// <exception cref="ReadGivenUpException">It was given up meanwhile.</exception>
    public void End()
    {
        if (Interlocked.Exchange(ref _readingSince, Idle) == GivenUp)
            throw new ReadGivenUpException();
    }

    /// <summary>Gives up a read that has taken longer; from any thread. False where there is none.</summary>
    public bool TryGiveUp(TimeSpan patience)
    {
        long since = Volatile.Read(ref _readingSince);
        return since > Idle && Stopwatch.GetElapsedTime(since) > patience
            && Interlocked.CompareExchange(ref _readingSince, GivenUp, since) == since;
    }
}

/// <summary>The read returned after it had been given up: what it brought must not be used.</summary>
public sealed class ReadGivenUpException : Exception;
