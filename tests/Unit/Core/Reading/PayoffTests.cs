using PreDump.Core.Reading;
using Xunit;

namespace PreDump.Tests.Unit.Core.Reading;

/// <summary>When comparing pauses and resumes.</summary>
public sealed class PayoffTests
{
    private const ulong MiB = 1024 * 1024;

    [Fact]
    public void Comparing_goes_on_as_long_as_a_quarter_is_the_same()
    {
        var payoff = new Payoff();
        for (int i = 0; i < 1000; i++)
        {
            Assert.True(payoff.Wants(MiB));
            payoff.Note(MiB, MiB / 4);
        }
    }

    [Fact]
    public void Comparing_pauses_for_longer_and_longer_up_to_a_limit()
    {
        var payoff = new Payoff();
        foreach (ulong pause in new ulong[] { 16, 32, 64, 128, 256, 256, 256 })
        {
            Try(payoff, MiB / 4 - 1);
            Assert.Equal(pause, Pause(payoff));
        }
    }

    [Fact]
    public void Comparing_that_pays_again_is_as_at_the_beginning()
    {
        var payoff = new Payoff();
        Try(payoff, 0);
        Assert.Equal(16UL, Pause(payoff));
        Try(payoff, 0);
        Assert.Equal(32UL, Pause(payoff));
        Try(payoff, MiB);
        Assert.Equal(0UL, Pause(payoff));
        Try(payoff, 0);
        Assert.Equal(16UL, Pause(payoff));
    }

    [Fact]
    public void A_pause_in_comparing_is_ended_by_what_is_larger_than_it()
    {
        var payoff = new Payoff();
        Try(payoff, 0);
        Assert.False(payoff.Wants(1000 * MiB));
        Assert.True(payoff.Wants(MiB));
    }

    [Fact]
    public void Rounds_by_content_compare_whether_it_pays_or_not()
    {
        for (int i = 0; i < 1000; i++)
        {
            Assert.True(Payoff.Always.Wants(MiB));
            Payoff.Always.Note(MiB, 0);
        }
    }

    private static void Try(Payoff payoff, ulong sameOfEach)
    {
        for (int i = 0; i < 4; i++)
        {
            Assert.True(payoff.Wants(MiB));
            payoff.Note(MiB, sameOfEach);
        }
    }

    // In MiB.
    private static ulong Pause(Payoff payoff)
    {
        ulong pause = 0;
        while (!payoff.Wants(MiB))
            pause++;
        return pause;
    }
}
