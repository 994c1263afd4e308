using System.Net;
using System.Net.Sockets;
using K4os.Compression.LZ4;
using PreDump.PageServer.Wire;
using Xunit;

namespace PreDump.Tests.Unit.PageServer;

/// <summary>Frames that come in pieces of any length, and are read into buffers of any length.</summary>
public sealed class FrameReaderTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(1, 100)]
    [InlineData(1, 1_000_000)]
    [InlineData(7, 1)]
    [InlineData(1000, 17)]
    [InlineData(1000, 4096)]
    [InlineData(1_000_000, 333)]
    [InlineData(1_000_000, 1_000_000)]
    public async Task What_was_sent_is_read_wherever_it_is_cut(int sent, int read)
    {
        var bytes = new byte[10_000];
        new Random(sent + read).NextBytes(bytes.AsSpan(0, 5000)); // the rest is zeros
        byte[] wire = [.. Plain(0, bytes[..1]), .. Plain(1, bytes[1..3000]), .. Packed(2, bytes[3000..9000]),
            .. Plain(3, bytes[9000..])];
        Assert.Equal(bytes, await ReadAll(wire, sent, read));
    }

    [Theory]
    [InlineData(1)] // within the second head
    [InlineData(15)]
    [InlineData(20)] // within its stretch
    public async Task A_stream_that_ends_within_a_frame_is_damaged(int more)
    {
        byte[] wire = [.. Plain(0, new byte[100]), .. Plain(1, new byte[100])[..more]];
        foreach (int piece in (int[])[1, 1000])
            await Assert.ThrowsAsync<PeerException>(() => ReadAll(wire, piece, 1000));
    }

    private static async Task<byte[]> ReadAll(byte[] wire, int sent, int read)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        client.NoDelay = true;
        using var peer = new Peer(await listener.AcceptSocketAsync(), "the peer", s_patience);
        var sending = Task.Run(() =>
        {
            foreach (var piece in wire.Chunk(sent))
                client.Client.Send(piece);
            client.Client.Shutdown(SocketShutdown.Send);
        });
        var reader = new FrameReader(peer, s_patience);
        var all = new List<byte>();
        var to = new byte[read];
        for (int got; (got = reader.Read(to)) > 0;)
            all.AddRange(to[..got]);
        await sending;
        return [.. all];
    }

    private static byte[] Plain(ulong number, byte[] bytes) => Frame(new FrameHead(number, bytes.Length, bytes.Length), bytes);

    private static byte[] Packed(ulong number, byte[] bytes)
    {
        var packed = new byte[LZ4Codec.MaximumOutputSize(bytes.Length)];
        packed = packed[..LZ4Codec.Encode(bytes, packed)];
        return Frame(new FrameHead(number, bytes.Length, packed.Length), packed);
    }

    private static byte[] Frame(FrameHead head, byte[] wire)
    {
        var bytes = new byte[FrameHead.Length];
        head.Write(bytes);
        return [.. bytes, .. wire];
    }
}
