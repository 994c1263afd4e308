using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Linux;

/// <summary>The number of pages that the kernel has moved to other frames.</summary>
public sealed class RelocationsTests
{
    [Fact]
    public void All_kinds_of_relocations_are_counted_and_nothing_else() =>
        Assert.Equal(new Relocations(IntoFrames: 1111, IntoSwap: 222),
            Relocations.Parse("nr_free_pages 5\npswpin 1\npswpout 2\npgmigrate_success 10\n"u8
            + "thp_migration_success 100\nzswpin 1000\nxpswpin 9\nzswpout 20\nswpout_zero 200\nthp_swpout 9\npswpins 9\n"u8));

    [Theory]
    [InlineData("")]
    [InlineData("pgmigrate_success 10\n")]
    [InlineData("pswpin\n")]
    public void A_count_of_relocations_that_lacks_those_of_swap_is_none(string vmstat) =>
        Assert.Null(Relocations.Parse(System.Text.Encoding.ASCII.GetBytes(vmstat)));

    [Fact]
    public void This_kernel_counts_relocations() => Assert.True(Relocations.Count() < ulong.MaxValue / 4);
}
