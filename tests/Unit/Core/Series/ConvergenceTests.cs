using PreDump.Core.Copying;
using PreDump.Core.Series;
using PreDump.Core.Tracking;
using Xunit;

namespace PreDump.Tests.Unit.Core.Series;

/// <summary>When a series of rounds ends, by what its last rounds have left.</summary>
public sealed class ConvergenceTests
{
    private const double Base = 100, PerPage = 0.01; // milliseconds

    private static readonly Convergence s_usual = new(TimeSpan.FromMilliseconds(300), MaxRounds: 8);

    [Theory]
    [InlineData(null, 100_000)]
    [InlineData(Verdict.Converged, 20_000)]
    [InlineData(Verdict.Converged, 100_000, 10_000)]
    [InlineData(null, 100_000, 50_000)]
    [InlineData(null, 100_000, 50_000, 30_000)]
    [InlineData(null, 100_000, 99_000)] // once may be an accident
    [InlineData(Verdict.NotConverging, 100_000, 99_000, 98_000)]
    [InlineData(Verdict.NotConverging, 50_000, 99_000, 120_000)]
    [InlineData(null, 100_000, 99_000, 60_000)]
    [InlineData(Verdict.MaxRounds, 900_000, 700_000, 500_000, 300_000, 200_000, 150_000, 100_000, 80_000)]
    public void The_verdict_follows_from_what_each_round_has_left(Verdict? expected, params int[] pages) =>
        Assert.Equal(expected, s_usual.After(Rounds(Base, pages)));

    /// <summary>A checkpoint is made all the same, so its memory is worth some rounds.</summary>
    [Fact]
    public void Where_criu_alone_takes_too_long_rounds_are_made_until_memory_hardly_counts()
    {
        Assert.Null(s_usual.After(Rounds(500, 20_000)));
        var rounds = Rounds(500, 20_000, 4_000);
        Assert.Equal(Verdict.NotConverging, s_usual.After(rounds));
        Assert.Contains("criu itself takes 500 ms", s_usual.Reason(Verdict.NotConverging, rounds[^1]));
    }

    [Fact]
    public void The_reason_names_what_is_left_and_what_is_allowed()
    {
        var reason = s_usual.Reason(Verdict.NotConverging, Rounds(Base, 99_328)[^1]);
        Assert.Contains("99328 pages (388.0 MiB) are left", reason);
        Assert.Contains("300 ms are allowed", reason);
    }

    private static List<RoundFigures> Rounds(double alone, params int[] pages) => [.. pages.Select((left, i) =>
        new RoundFigures(i + 1, i == 0 ? null : i, DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(1), new Summary(),
            DirtyLook.Nothing, new StopEstimate(
                TimeSpan.FromMilliseconds(alone), TimeSpan.FromMilliseconds(left * PerPage), (ulong)left, true)))];
}
