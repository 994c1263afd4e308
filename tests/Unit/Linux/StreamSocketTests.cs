using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Linux;

/// <summary>Slow peers and silent ones.</summary>
public sealed class StreamSocketTests
{
    private const int Bytes = 400_000;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2), s_sip = TimeSpan.FromSeconds(0.5);

    [Fact]
    public async Task A_peer_that_sips_is_waited_for()
    {
        var (ours, theirs) = Fd.SocketPair("peer");
        using (ours)
        using (theirs)
        {
            // The next read is soon, but room for more, and the answer, come later than the timeout.
            var peer = Task.Run(() =>
            {
                for (int got = 0; got < Bytes; Thread.Sleep(s_sip))
                    got += theirs.Read(new byte[32 * 1024]);
                theirs.Write([7]);
            }, TestContext.Current.CancellationToken);
            var socket = new StreamSocket(ours.Number, "peer", s_patience);
            socket.Send(default, new byte[Bytes], Bytes, default, [0]);
            var answer = new byte[1];
            Assert.Equal(1, socket.Receive(answer));
            Assert.Equal(7, answer[0]);
            await peer;
        }
    }

    [Fact]
    public void A_peer_that_takes_nothing_is_not_waited_for()
    {
        var (ours, theirs) = Fd.SocketPair("peer");
        using (ours)
        using (theirs)
        {
            var socket = new StreamSocket(ours.Number, "peer", TimeSpan.FromSeconds(0.1));
            Assert.Contains("took nothing",
                Assert.Throws<TimeoutException>(() => socket.Send(default, new byte[Bytes], Bytes, default, [0])).Message);
            Assert.Contains("was silent", Assert.Throws<TimeoutException>(() => socket.Receive(new byte[1])).Message);
        }
    }
}
