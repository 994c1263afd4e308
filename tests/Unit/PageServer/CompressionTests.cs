using System.Diagnostics;
using PreDump.PageServer.Protocol;
using PreDump.PageServer.Wire;
using Xunit;

namespace PreDump.Tests.Unit.PageServer;

/// <summary>What is compressed, and when.</summary>
public sealed class CompressionTests
{
    private const long Second = 1_000_000_000; // of the stopwatch, on Linux

    private static readonly byte[] s_zeros = new byte[FrameHead.MostPacked], s_noise = Noise();

    [Fact]
    public void What_does_not_get_smaller_is_sent_as_it_is_and_less_and_less_of_it_is_tried()
    {
        var compressor = new Compressor(CompressionMode.On, new LinkSpeed());
        for (int time = 0; time < 100; time++)
            Assert.True(compressor.TryPack(s_noise).IsEmpty);
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
        var link = new LinkSpeed();
        var compressor = new Compressor(CompressionMode.Auto, link);
        long now = Stopwatch.GetTimestamp();
        Assert.False(compressor.Tries(s_zeros)); // nothing is known
        link.Look(1000, 0, now += Second);
        Assert.False(compressor.Tries(s_zeros)); // it waited for us
        link.Look(2000, 999, now += Second);
        Assert.True(compressor.Tries(s_zeros));
        Assert.False(compressor.TryPack(s_zeros).IsEmpty);
        link.Look(3000, 1998, now += Second);
        Assert.True(compressor.Tries(s_zeros));
        link.Look(1L << 50, 1, now += Second);
        Assert.False(compressor.Tries(s_zeros));
    }

    /// <summary>However fast that goes: noise is tried at gigabytes a second.</summary>
    [Fact]
    public void What_saves_nothing_does_not_make_it_compress_whatever_the_link()
    {
        var link = new LinkSpeed();
        var compressor = new Compressor(CompressionMode.Auto, link);
        link.Look(2000, 999, Stopwatch.GetTimestamp() + Second);
        Assert.False(compressor.Tries(s_noise));
        Assert.False(compressor.Tries([])); // a message
    }

    [Fact]
    public void It_is_sampled_again_what_compressing_would_save()
    {
        var link = new LinkSpeed();
        var compressor = new Compressor(CompressionMode.Auto, link);
        link.Look(2000, 999, Stopwatch.GetTimestamp() + Second);
        Assert.False(compressor.Tries(s_noise));
        int questions = 1;
        while (!compressor.Tries(s_zeros))
            questions++;
        Assert.InRange(questions, 2, 50);
    }

    [Fact]
    public void A_link_whose_queue_was_empty_once_is_not_the_limit()
    {
        const long Millisecond = 1_000_000;
        var link = new LinkSpeed();
        long now = Stopwatch.GetTimestamp();
        link.Look(0, 0, now += 100 * Millisecond);
        link.Look(5000, 0, now += Millisecond);
        link.Look(9000, 4000, now += 100 * Millisecond);
        Assert.Null(link.BytesPerSecond);
        link.Look(10_000, 4000, now + (100 * Millisecond));
        Assert.Equal(10_000, link.BytesPerSecond!.Value, 1.0);
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

    private static byte[] Noise()
    {
        var noise = new byte[FrameHead.MostPacked];
        new Random(1).NextBytes(noise);
        return noise;
    }
}
