using System.Diagnostics;
using PreDump.Core;
using PreDump.Core.Copying;
using PreDump.Core.Series;
using PreDump.Core.Sinks;
using PreDump.Core.Tracking;
using PreDump.Host;
using PreDump.Linux;
using PreDump.Settings;
using Serilog;
using static System.FormattableString;

namespace PreDump.Series;

/// <summary>Rounds, one upon the other, until another one would not help:
/// <code>
///   round --> look at what was written since --> estimate of a dump's stop --> verdict
///     ^                                                                          |
///     `----------------- wait &lt;--- command after the round &lt;--- none yet &lt;-------'
/// </code></summary>
/// <param name="settings">What is asked for.</param>
/// <param name="tree">The tree's root.</param>
/// <param name="cost">What a final dump costs.</param>
/// <param name="outputs">Show the series.</param>
/// <param name="log">The log.</param>
internal sealed class RoundSeries(
    SeriesSettings settings, TreeRoot tree, DumpCost cost, IReadOnlyList<ISeriesOutput> outputs, ILogger log)
{
    private readonly List<RoundFigures> _rounds = [];
    private readonly Convergence _convergence = new(settings.MaxDowntime, settings.MaxRounds);
    private long _lastThaw;

    /// <summary>The directory of the series.</summary>
    public SeriesDirectory Directory { get; } = SeriesDirectory.Open(settings.Round.ImagesDirectory);

    /// <summary>Writes into the log.</summary>
    public IObserver Observer { get; } = new LogObserver(log);

    /// <summary>Makes the rounds.</summary>
    /// <param name="cancel">Ends the series early.</param>
    public SeriesEnd Run(CancellationToken cancel)
    {
        First(cancel);
        Verdict? verdict;
        while ((verdict = _convergence.After(_rounds)) is null)
        {
            cancel.WaitHandle.WaitOne(settings.Interval);
            Next(_rounds[^1].Number, cancel);
        }
        var last = _rounds[^1];
        var end = new SeriesEnd(verdict.Value, _convergence.Reason(verdict.Value, last), last, Directory.Of(last.Number),
            settings.MaxDowntime);
        foreach (var output in outputs)
            output.Ended(end);
        return end;
    }

    /// <summary>Makes another round that compares all pages, since tracking was reset for a dump that does not exist.</summary>
    /// <param name="parent">The last round.</param>
    /// <param name="cancel">Ends it early.</param>
    public int Again(int parent, CancellationToken cancel)
    {
        Directory.Distrust(parent);
        return Next(parent, cancel);
    }

    // Upon what an earlier call has left, where that is sound.
    private void First(CancellationToken cancel)
    {
        int? parent = Directory.Resume();
        try
        {
            Next(parent, cancel);
        }
        catch (Exception e) when (parent is not null && Failure.About(e).Contains(RoundInput.Parent))
        {
            log.Warning("{Reason:l}: the series begins anew with a full round", Failure.TryExplain(e));
            Next(null, cancel);
        }
    }

    private int Next(int? parent, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        int number = Directory.Begin();
        var options = settings.Round with
        {
            ImagesDirectory = Directory.Of(number),
            WorkDirectory = Directory.Of(number),
            PrevImagesDirectory = parent is { } earlier ? SeriesDirectory.Relative(earlier) : null,
            AutoDedup = settings.Round.AutoDedup && parent is not null,
        };
        try
        {
            var (summary, thawed) = Make(options, cancel);
            Add(FiguresOf(number, parent, summary, thawed, cancel), cancel);
            return number;
        }
        finally
        {
            Directory.Abandon(number); // has no effect unless it is empty
        }
    }

    private (Summary Summary, long ThawedAt) Make(PreDumpOptions options, CancellationToken cancel)
    {
        using var images = RoundDirectory.Open(options.ImagesDirectory);
        using var work = WorkDirectory.Open(options);
        var reporter = new RoundReporter(log, work, options.Quiet);
        return (OneRound.Run(options, tree, images, work, reporter, cancel), reporter.ThawedAt);
    }

    private RoundFigures FiguresOf(int number, int? parent, Summary summary, long thawed, CancellationToken cancel)
    {
        var look = summary.Tracking == TrackingMethod.Content
            ? WrittenLook.Of(tree, Directory.Of(number), cancel)
            : DirtyLook.Take(tree, cancel);
        var age = Stopwatch.GetElapsedTime(thawed);
        TimeSpan? interval = parent is null || _lastThaw == 0 ? null : Stopwatch.GetElapsedTime(_lastThaw, thawed);
        _lastThaw = thawed;
        return new RoundFigures(number, parent, DateTimeOffset.UtcNow - age, interval, summary, look,
            StopEstimate.Of(cost, PerSentPage(summary), summary, look, age, settings.Round.Share.MaxRate is not null,
                isCorked: !settings.ConnectsForCriu));
    }

    // What the rounds have taken to send one, best known from the largest. A limit of the rounds' rate is none of criu's.
    private TimeSpan? PerSentPage(Summary last)
    {
        if (settings.Round.PageServer is null)
            return null;
        if (settings.Round.Share.MaxRate is not null)
            return TimeSpan.Zero;
        var largest = _rounds.Select(round => round.Summary).Append(last).MaxBy(round => round.PagesWritten)!;
        return largest.Copying / Math.Max((double)largest.PagesWritten, 1);
    }

    private void Add(RoundFigures round, CancellationToken cancel)
    {
        _rounds.Add(round);
        foreach (var output in outputs)
            output.Round(round);
        if (settings.AfterRound is not { } command)
            return;
        int exitCode = OtherProgram.Run(["/bin/sh", "-c", command],
        [
            Invariant($"PREDUMP_ROUND={round.Number}"), $"PREDUMP_IMAGES_DIR={Directory.Of(round.Number)}",
            $"PREDUMP_JSON={new SeriesJson(Directory, tree.Pid).Of(round)}",
        ]);
        cancel.ThrowIfCancellationRequested();
        if (exitCode != 0)
            throw new PreDumpException($"the command after round {round.Number} has ended with exit code {exitCode}: "
                + $"the rounds up to {Directory.Of(round.Number)} are complete");
    }
}
