using PreDump.Core;
using PreDump.Core.Series;
using PreDump.Linux;
using PreDump.Output;
using static System.FormattableString;

namespace PreDump.Series;

/// <summary>A series as a table that grows, for people.</summary>
internal sealed class SeriesTable : ISeriesOutput
{
    private const int MostAreas = 5;

    private bool _hasHead;

    /// <inheritdoc/>
    public void Round(RoundFigures round)
    {
        if (!_hasHead)
            Console.Out.WriteLine("round     frozen       time      written    in parent  unchanged      moved    dirtied/s    "
                + "a dump now stops for");
        _hasHead = true;
        var summary = round.Summary;
        Console.Out.WriteLine(Invariant($"{round.Number,5} {Sizes.Time(summary.Freezing + summary.Frozen),10} ")
            + Invariant($"{Sizes.Time(summary.Total),10} {Pages(summary.PagesWritten),12} {Pages(summary.PagesInParent),12} ")
            + Invariant($"{Pages(summary.PagesUnchanged),10} {Pages(summary.PagesMoved),10} {Rate(round),12} ")
            + Invariant($"{Sizes.Time(round.Estimate.Stop),22}"));
    }

    /// <inheritdoc/>
    public void Ended(SeriesEnd end)
    {
        foreach (var area in end.Last.MostChanged(MostAreas))
        {
            string name = area.Name.Length > 0 ? OneLine.Of(area.Name) : "anonymous memory";
            Console.Out.WriteLine(Invariant($"changed since: {Pages(area.DirtyPages)} of {name} in task {area.Pid} ")
                + Invariant($"({area.Range.Start:x}-{area.Range.End:x})"));
        }
        string word = end.Verdict switch
        {
            Verdict.Converged => "converged",
            Verdict.MaxRounds => "not converged",
            _ => "does not converge",
        };
        string source = end.Last.Estimate.IsMeasured ? "measured" : "assumed";
        Console.Out.WriteLine($"{word}: a dump now would stop the tree for about {Sizes.Time(end.Last.Estimate.Stop)} "
            + $"({Sizes.Time(end.Last.Estimate.Base)} of it criu's own, {source}): {end.Reason}");
    }

    /// <inheritdoc/>
    public void Dump(FinalFigures dump)
    {
        var stats = dump.Stats;
        Console.Out.WriteLine($"dumped to {OneLine.Of(dump.Directory)}: {Pages(stats.PagesWritten)} written, "
            + $"{Pages(stats.PagesSkippedParent)} left to the rounds, {dump.PagesMended} pages mended");
        Console.Out.WriteLine($"the tree stood still for {Sizes.Time(stats.Stop())}: "
            + $"{Time(stats.FreezingMicroseconds)} to freeze it, "
            + $"{Time(stats.MemdumpMicroseconds - stats.MemwriteMicroseconds)} to choose and "
            + $"{Time(stats.MemwriteMicroseconds)} to write its memory, {Sizes.Time(dump.Proof)} to prove it, "
            + "the rest for all else");
        if (dump.IsElsewhere)
            Console.Out.WriteLine("its pages are on the page server: copy what is in "
                + $"{OneLine.Of(dump.Directory)} to its directory there");
        Console.Out.WriteLine($"restore it with: {OneLine.Of(dump.Restore)}");
    }

    private static string Pages(ulong pages) => pages == 0 ? "-" : Sizes.Bytes(PageSize.BytesOf(pages));

    private static string Rate(RoundFigures round) =>
        round.DirtyRate is { } rate ? Sizes.Bytes(rate * PageSize.Bytes) : "-";

    private static string Time(uint microseconds) => Sizes.Time(TimeSpan.FromMicroseconds(microseconds));
}
