using System.Diagnostics;

namespace PreDump.PageServer.Wire;

/// <summary>How fast a link takes bytes, as far as it is the link that makes us wait.</summary>
internal sealed class LinkSpeed
{
    // In less time a peer that waits for a processor looks like a slow link.
    private static readonly TimeSpan s_window = TimeSpan.FromMilliseconds(50);

    private long _since = Stopwatch.GetTimestamp();
    private long _takenBefore; // bytes
    private bool _waits;

    /// <summary>Bytes a second; null: the link waits for us, or that is not known yet.</summary>
    public double? BytesPerSecond { get; private set; }

    /// <summary>To be called before each send: a look at the queue of bytes that the link has not taken.</summary>
    /// <param name="sent">Bytes that were sent so far.</param>
    /// <param name="queued">Those of them that still wait for the link.</param>
    public void Look(long sent, int queued) => Look(sent, queued, Stopwatch.GetTimestamp());

    /// <summary>The same at a moment of the stopwatch's.</summary>
    public void Look(long sent, int queued, long now)
    {
        _waits |= queued == 0;
        var time = Stopwatch.GetElapsedTime(_since, now);
        if (time < s_window)
            return;
        long taken = sent - queued;
        BytesPerSecond = _waits ? null : (taken - _takenBefore) / time.TotalSeconds;
        (_since, _takenBefore, _waits) = (now, taken, false);
    }
}
