using PreDump.Core.Series;
using Xunit;

namespace PreDump.Tests.Unit.Core.Series;

/// <summary>What a dump costs: from dumps of small programs, and corrected by real ones.</summary>
public sealed class DumpCostTests
{
    private static readonly DumpCost s_cost = new(Ms(100), Ms(10), Us(5), Ms(50), IsMeasured: true);

    [Fact]
    public void What_grows_with_tasks_and_pages_is_the_difference_of_small_programs()
    {
        var cost = DumpCost.Of(Sample(80, 4, 100), Sample(110, 9, 400, tasks: 4), Sample(230, 154, 15_100), Ms(50));
        Assert.Equal(new DumpCost(Ms(80), Ms(10), Us(10), Ms(50), IsMeasured: true), cost);
    }

    /// <summary>On a busy machine the smaller one may have taken longer.</summary>
    [Fact]
    public void No_difference_is_below_zero_and_no_page_costs_nothing()
    {
        var cost = DumpCost.Of(Sample(80, 40, 100), Sample(50, 9, 100, tasks: 4), Sample(70, 20, 15_100), Ms(50));
        Assert.Equal((TimeSpan.Zero, TimeSpan.FromMicroseconds(0.4)), (cost.PerTask, cost.PerPage));
    }

    // 120 ms are expected beside the memory, and 10 ms for it.
    [Theory]
    [InlineData(30, 40, 0.5, 1.414)] // a quarter and four times as long: halfway down, and a quarter of the way up
    [InlineData(480, 5, 1.414, 0.707)]
    public void A_dump_corrects_costs_halfway_or_a_quarter_of_the_way(int rest, int memory, double baseFactor, double pageFactor)
    {
        var after = s_cost.After(Sample(rest + memory, memory, 2000, tasks: 3));
        Assert.Equal(100 * baseFactor, after.Base.TotalMilliseconds, 0.1);
        Assert.Equal(10 * baseFactor, after.PerTask.TotalMilliseconds, 0.1);
        Assert.Equal(5 * pageFactor, after.PerPage.TotalMicroseconds, 0.1);
        Assert.Equal(s_cost.Lead, after.Lead);
    }

    [Fact]
    public void A_dump_as_expected_corrects_nothing()
    {
        Assert.Equal(s_cost, s_cost.After(Sample(120 + 10, 10, 2000, tasks: 3)));
        Assert.Equal(s_cost, s_cost.After(Sample(100 + 1, 77, 200))); // its memory is no sample of pages
    }

    [Fact]
    public void One_dump_is_not_believed_without_limit()
    {
        Assert.Equal(141.4, s_cost.After(Sample(100_000, 1, 10)).Base.TotalMilliseconds, 0.1);
        Assert.Equal(Ms(50), s_cost.After(Sample(1, 1, 10)).Base);
    }

    /// <summary>The time of its pages is the network's, and 200 ms are those of its end.</summary>
    [Fact]
    public void A_dump_to_a_page_server_corrects_all_but_what_a_page_costs()
    {
        var after = s_cost.After(Sample(25 + 200 + 5000, 5000, 2000) with { IsElsewhere = true });
        Assert.Equal((Ms(50), Us(5)), (after.Base, after.PerPage));
    }

    private static DumpSample Sample(int stop, int memory, ulong pages, int tasks = 1) =>
        new(Ms(stop), Ms(memory), pages, tasks, IsElsewhere: false);

    private static TimeSpan Ms(int ms) => TimeSpan.FromMilliseconds(ms);

    private static TimeSpan Us(int us) => TimeSpan.FromMicroseconds(us);
}
