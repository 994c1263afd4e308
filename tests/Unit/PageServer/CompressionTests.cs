using PreDump.PageServer.Protocol;
using PreDump.PageServer.Wire;
using Xunit;

namespace PreDump.Tests.Unit.PageServer;

/// <summary>What is compressed, and when.</summary>
public sealed class CompressionTests
{
    private static readonly byte[] s_zeros = new byte[FrameHead.MostPacked];

    [Fact]
    public void What_does_not_get_smaller_is_sent_as_it_is_and_less_and_less_of_it_is_tried()
    {
        var noise = new byte[FrameHead.MostPacked];
        new Random(1).NextBytes(noise);
        var compressor = new Compressor(CompressionMode.On, new LinkSpeed());
        for (int time = 0; time < 100; time++)
            Assert.True(compressor.TryPack(noise).IsEmpty);
        int untried = 0;
        while (compressor.TryPack(s_zeros).IsEmpty)
            untried++;
        Assert.InRange(untried, 1, 15);
        Assert.InRange(compressor.TryPack(s_zeros).Length, 1, 4096);
    }

    /// <summary>No link is as slow as one byte a second, and none as fast as 2^50.</summary>
    [Fact]
    public void By_itself_only_a_slow_link_makes_it_compress()
    {
        const long Second = 1_000_000_000; // of the stopwatch, on Linux
        var link = new LinkSpeed();
        var compressor = new Compressor(CompressionMode.Auto, link);
        long now = System.Diagnostics.Stopwatch.GetTimestamp();
        Assert.False(compressor.IsOn); // nothing is known
        link.Look(1000, 0, now += Second);
        Assert.False(compressor.IsOn); // it waited for us
        link.Look(2000, 999, now += Second);
        Assert.True(compressor.IsOn);
        Assert.False(compressor.TryPack(s_zeros).IsEmpty);
        link.Look(3000, 1998, now += Second);
        Assert.True(compressor.IsOn);
        link.Look(1L << 50, 1, now += Second);
        Assert.False(compressor.IsOn);
    }

    [Fact]
    public void How_fast_it_compresses_is_tried_on_a_single_frame()
    {
        const long Second = 1_000_000_000;
        var link = new LinkSpeed();
        var compressor = new Compressor(CompressionMode.Auto, link);
        link.Look(1L << 50, 1, System.Diagnostics.Stopwatch.GetTimestamp() + Second);
        Assert.True(compressor.IsOn);
        Assert.False(compressor.TryPack(s_zeros).IsEmpty);
        Assert.True(compressor.TryPack(s_zeros).IsEmpty);
        Assert.False(compressor.IsOn);
    }

    [Fact]
    public void A_link_whose_queue_was_empty_once_is_not_the_limit()
    {
        const long Millisecond = 1_000_000;
        var link = new LinkSpeed();
        long now = System.Diagnostics.Stopwatch.GetTimestamp();
        link.Look(0, 0, now += 20 * Millisecond);
        link.Look(5000, 0, now += Millisecond);
        link.Look(9000, 4000, now += 20 * Millisecond);
        Assert.Null(link.BytesPerSecond);
        link.Look(10_000, 4000, now + (20 * Millisecond));
        Assert.Equal(50_000, link.BytesPerSecond!.Value, 1.0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    public void An_answer_of_criu_grants_nothing(int answer) =>
        Assert.Equal(Features.None, Negotiation.GrantedIn(answer, Features.Frames));

    [Theory]
    [InlineData(MessageLayout.Bytes24)]
    [InlineData(MessageLayout.Bytes32)]
    public void Criu_sees_the_question_that_it_knows(MessageLayout layout)
    {
        var id = PagesId.OfTask(77);
        var bytes = new byte[PageServerMessage.MaxBytes];
        Negotiation.Question(id, Features.Frames).Write(bytes, layout);
        Assert.Equal(new byte[] { 5, 0, 0, 0 }, bytes[..4]); // CRIU's PS_IOV_PARENT, and no flags
        var message = PageServerMessage.Read(bytes, layout);
        Assert.Equal((0UL, id.DstId), (message.Address, message.DstId));
        Assert.Equal(layout, PageServerMessage.LayoutOf(bytes));
        Assert.Equal(Features.Frames, Negotiation.WishesIn(message));
        Assert.Null(Negotiation.WishesIn(new PageServerMessage(PageServerCommandCode.Parent, id.DstId)));
    }
}
