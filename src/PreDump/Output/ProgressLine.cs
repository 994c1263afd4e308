using System.Diagnostics;
using PreDump.Linux;

namespace PreDump.Output;

/// <summary>A line on a terminal's standard error that is updated about ten times a second during long work: pages and bytes
/// done, of how many, the rate, the time left.</summary>
internal sealed class ProgressLine
{
    private const string EraseLine = "\r\x1b[K";
    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(300), s_every = TimeSpan.FromMilliseconds(100);

    // Log lines come from the threads that copy, progress from the one that waits for them.
    private static readonly Lock s_terminal = new();

    private static bool s_shown;

    private readonly ulong _expectedBytes;
    private readonly long _start = Stopwatch.GetTimestamp();
    private TimeSpan _next = s_first;

    private ProgressLine(ulong expectedBytes) => _expectedBytes = expectedBytes;

    /// <summary>Null if no one would see it: standard error is not a terminal.</summary>
    public static ProgressLine? Start(ulong expectedBytes, bool quiet) =>
        quiet || Console.IsErrorRedirected ? null : new ProgressLine(expectedBytes);

    /// <summary>Shows how much is done.</summary>
    public void Show(ulong pages)
    {
        var elapsed = Stopwatch.GetElapsedTime(_start);
        if (elapsed < _next)
            return;
        _next = elapsed + s_every;
        double bytes = pages * (double)PageSize.Bytes, all = Math.Max(bytes, _expectedBytes), rate = bytes / elapsed.TotalSeconds;
        var left = rate > 0 ? Sizes.Time(TimeSpan.FromSeconds((all - bytes) / rate)) : "?";
        lock (s_terminal)
        {
            Console.Error.Write($"{EraseLine}{pages} pages, {Sizes.Bytes(bytes)} of about {Sizes.Bytes(all)} "
                + $"({bytes / Math.Max(all, 1):0%}), {Sizes.Bytes(rate)}/s, {left} left");
            s_shown = true;
        }
    }

    /// <summary>Removes the line from the terminal, before anything else is written there. From any thread.</summary>
    public static void Erase()
    {
        lock (s_terminal)
        {
            if (s_shown)
                Console.Error.Write(EraseLine);
            s_shown = false;
        }
    }
}
