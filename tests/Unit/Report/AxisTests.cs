using PreDump.Report;
using Xunit;

namespace PreDump.Tests.Unit.Report;

public sealed class AxisTests
{
    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(99, false)]
    [InlineData(6.7e12, false)]
    [InlineData(4096, true)]
    [InlineData(837_000_000, true)]
    [InlineData(3e13, true)]
    public void An_axis_reaches_the_largest_value_in_few_steps(double largest, bool isBytes)
    {
        var axis = Axis.For(largest, isBytes);
        Assert.True(axis.Top >= largest && axis.Top <= Math.Max(2 * largest, 1));
        Assert.InRange(axis.Ticks.Count, 2, 6);
        Assert.Equal(0, axis.Ticks[0]);
        Assert.Equal(axis.Top, axis.Ticks[^1]);
    }

    [Fact]
    public void Steps_of_bytes_are_whole_units() =>
        Assert.Equal([0, 200, 400, 600, 800],
            Axis.For(799.5 * 1024 * 1024, isBytes: true).Ticks.Select(tick => tick / (1 << 20)));
}
