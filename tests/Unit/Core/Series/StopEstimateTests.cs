using PreDump.Core.Copying;
using PreDump.Core.Reading;
using PreDump.Core.Series;
using PreDump.Core.Tracking;
using Xunit;

namespace PreDump.Tests.Unit.Core.Series;

/// <summary>For how long a dump would stop the tree.</summary>
public sealed class StopEstimateTests
{
    private static readonly DumpCost s_cost = new(TimeSpan.FromMilliseconds(60), TimeSpan.FromMilliseconds(10),
        TimeSpan.FromMicroseconds(2), TimeSpan.FromMilliseconds(50), IsMeasured: true);

    /// <summary>criu reads all memory then, whatever was written, and all of it is compared.</summary>
    [Fact]
    public void By_content_it_does_not_depend_on_what_was_written()
    {
        var round = Round(TrackingMethod.Content, pages: 100_000);
        var estimate = StopEstimate.Of(s_cost, perSentPage: null, round, DirtyLook.Nothing, TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromMilliseconds(60 + 200 + 700), estimate.Stop);
        Assert.Equal(TimeSpan.Zero, estimate.Memory); // so that no further round seems to help
        Assert.Equal(100_000UL, estimate.Pages);
        Assert.Equal(estimate, StopEstimate.Of(s_cost, null, round, DirtyLook.Nothing, TimeSpan.FromHours(1)));
    }

    /// <summary>A dump is not slowed down as the rounds were.</summary>
    [Fact]
    public void By_content_a_limit_of_the_rounds_rate_is_none_of_the_dumps()
    {
        var round = Round(TrackingMethod.Content, pages: 100_000);
        var estimate = StopEstimate.Of(s_cost, null, round, DirtyLook.Nothing, TimeSpan.FromSeconds(1), isLimited: true);
        Assert.Equal(TimeSpan.FromMilliseconds(60 + 200), estimate.Stop);
    }

    [Fact]
    public void By_soft_dirty_memory_that_was_not_written_costs_nothing()
    {
        var round = Round(TrackingMethod.SoftDirty, pages: 100_000);
        var estimate = StopEstimate.Of(s_cost, perSentPage: null, round, DirtyLook.Nothing, TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromMilliseconds(60 + 2 * 5), estimate.Stop);
        Assert.Equal(0UL, estimate.Pages);
    }

    /// <summary>criu's last message to a page server is held back for 200 ms, unless we see to it.</summary>
    [Theory]
    [InlineData(true, 200)]
    [InlineData(false, 0)]
    public void A_cork_adds_the_time_by_which_it_holds_up_the_end(bool isCorked, int milliseconds)
    {
        var round = Round(TrackingMethod.SoftDirty, pages: 100_000);
        var estimate = StopEstimate.Of(
            s_cost, TimeSpan.Zero, round, DirtyLook.Nothing, TimeSpan.FromSeconds(1), isCorked: isCorked);
        Assert.Equal(TimeSpan.FromMilliseconds(60 + 2 * 5 + milliseconds), estimate.Stop);
    }

    private static Summary Round(TrackingMethod tracking, ulong pages)
    {
        var summary = new Summary
        {
            Tracking = tracking,
            Frozen = TimeSpan.FromMilliseconds(5),
            Copying = TimeSpan.FromMilliseconds(700),
        };
        summary.Delivered.Count([new(new(0, pages * 4096), InParent: false)], new UnchangedPages(0));
        return summary;
    }
}
