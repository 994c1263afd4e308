using System.Diagnostics;
using PreDump.Core.Copying;
using PreDump.Core.Rounds;
using PreDump.Output;
using Serilog;

namespace PreDump.Host;

/// <summary>Reports the progress of a round to the log, the terminal and the work directory.</summary>
/// <param name="log">The log.</param>
/// <param name="work">Gets the statistics; its status descriptor gets a byte when the tree runs on.</param>
/// <param name="quiet">No progress line.</param>
internal sealed class RoundReporter(ILogger log, WorkDirectory work, bool quiet) : LogObserver(log), IRoundObserver
{
    private ProgressLine? _progress;

    /// <summary>When the tree ran again, as a <see cref="Stopwatch"/> timestamp; 0: not yet.</summary>
    public long ThawedAt { get; private set; }

    /// <inheritdoc/>
    public void Thawed()
    {
        ThawedAt = Stopwatch.GetTimestamp();
        work.SignalStatus(this);
    }

    /// <inheritdoc/>
    public void Copying(ulong expectedBytes) => _progress = ProgressLine.Start(expectedBytes, quiet);

    /// <inheritdoc/>
    public void Copied(ulong pages) => _progress?.Show(pages);

    /// <inheritdoc/>
    public void Written(Summary summary)
    {
        ProgressLine.Erase();
        work.WriteStats(summary.ToDumpStats(), this);
    }
}
