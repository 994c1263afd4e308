using PreDump.Core.Copying;
using PreDump.Core.Rounds;
using Xunit;

namespace PreDump.Tests.Unit.Core.Rounds;

/// <summary>How many stripes a first round has where nobody asked for a number.</summary>
public sealed class StripeCountTests
{
    private const ulong GiB = 1UL << 30;

    [Theory]
    [InlineData(8, 8 * GiB, 8)]
    [InlineData(8, GiB, 4)]
    [InlineData(8, GiB / 2, 2)]
    [InlineData(8, GiB / 4, 1)]
    [InlineData(8, 0, 1)]
    [InlineData(64, 100 * GiB, 64)]
    [InlineData(4, 100 * GiB, 4)]
    [InlineData(3, 100 * GiB, 1)]
    [InlineData(1, 100 * GiB, 1)]
    public void It_grows_with_threads_and_memory(int threads, ulong bytes, int stripes) =>
        Assert.Equal(stripes, StripeCount.OfFirstRound(new CopyShare(threads), bytes));

    [Fact]
    public void A_limited_rate_needs_none() =>
        Assert.Equal(1, StripeCount.OfFirstRound(new CopyShare(8, MaxRate: 1 << 20), 100 * GiB));
}
