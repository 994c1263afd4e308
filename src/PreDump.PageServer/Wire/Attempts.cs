using System.Diagnostics;

namespace PreDump.PageServer.Wire;

/// <summary>Attempts to connect again to a server that does not get on: with longer and longer pauses, and for a limited time.
/// Used by one thread.</summary>
internal sealed class Attempts
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(100), s_longestPause = TimeSpan.FromSeconds(2);

    private long _begun, _progress = -1;
    private TimeSpan _next;

    /// <summary>How long they have taken so far.</summary>
    public TimeSpan Time => Stopwatch.GetElapsedTime(_begun);

    /// <summary>Begins anew, if the server has got on since it was last called.</summary>
    /// <param name="progress">Grows as the server gets on.</param>
    public void Look(long progress)
    {
        if (progress != _progress)
            (_progress, _begun, _next) = (progress, Stopwatch.GetTimestamp(), TimeSpan.Zero);
    }

    /// <summary>The pause before the next one.</summary>
    public TimeSpan NextPause()
    {
        var pause = _next;
        _next = pause < s_firstPause ? s_firstPause : pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
        return pause;
    }
}
