using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using CsCheck;
using K4os.Compression.LZ4;
using PreDump.Images;
using PreDump.Linux;
using PreDump.PageServer.Protocol;
using PreDump.PageServer.Serving;
using PreDump.PageServer.Wire;
using Xunit;

namespace PreDump.Tests.Unit.Fuzz;

/// <summary>A page server's session, fed with damaged messages: it is refused and leaves no file, or its round is
/// complete.</summary>
public sealed class PageServerFuzzTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    // A session: some tasks, each with runs that follow a gap, in either layout.
    private static Gen<byte[]> Conversations(Gen<MessageLayout> layouts) => Gen.Select(
        Gen.Int[1, 100].Array[1, 3],
        Gen.Select(Gen.Int[0, 20], Gen.Int[1, 5], Gen.Int[0, 3]).Array[0, 6],
        layouts,
        (pids, runs, layout) =>
        {
            var bytes = new List<byte>();
            void Say(PageServerMessage message)
            {
                Span<byte> buffer = stackalloc byte[PageServerMessage.MaxBytes];
                bytes.AddRange(buffer[..message.Write(buffer, layout)]);
            }
            foreach (int pid in pids.Distinct())
            {
                var id = new PagesId(PagesId.Task, (ulong)pid);
                Say(new PageServerMessage(PageServerCommandCode.Parent, id.DstId));
                Say(new PageServerMessage(PageServerCommandCode.Open2, id.DstId));
                ulong at = 16;
                foreach (var (gap, pages, kind) in runs)
                {
                    at += (ulong)gap;
                    var flags = kind == 0 ? PageFlags.Lazy : PageFlags.Present;
                    Say(new PageServerMessage(PageServerCommandCode.AddFlags, flags, (ulong)pages, at * 4096, id.DstId));
                    if (flags == PageFlags.Present)
                        bytes.AddRange(new byte[pages * 4096]);
                    at += (ulong)pages;
                }
            }
            Say(new PageServerMessage(PageServerCommandCode.Close));
            return bytes.ToArray();
        });

    // The same in frames, some of which are compressed.
    private static Gen<byte[]> Framed(Gen<byte[]> conversations) => Gen.Select(conversations, Gen.Int[1, 40_000], (all, each) =>
    {
        var bytes = new List<byte>();
        ulong number = 0;
        foreach (var stretch in all.Chunk(each))
        {
            var packed = new byte[stretch.Length];
            int length = number % 3 == 2 ? 0 : LZ4Codec.Encode(stretch, packed);
            var wire = length > 0 && length < stretch.Length ? packed[..length] : stretch;
            var head = new byte[FrameHead.Length];
            new FrameHead(number++, stretch.Length, wire.Length).Write(head);
            bytes.AddRange([.. head, .. wire]);
        }
        return bytes.ToArray();
    });

    [Fact]
    public void A_damaged_conversation_with_a_page_server_is_refused_or_leaves_whole_images() =>
        FeedServer(Conversations(Gen.Enum<MessageLayout>()), s_patience, _ => { });

    [Fact]
    public void Damaged_frames_are_refused_or_leave_whole_images() =>
        FeedServer(
            Framed(Conversations(Gen.Const(MessageLayout.Bytes24))), s_patience, client => AskFor(client, Features.Frames));

    /// <summary>Where a frame is missing, another connection might bring it: the server waits for its patience.</summary>
    [Fact]
    public void Damaged_frames_of_several_connections_are_refused_or_leave_whole_images() =>
        FeedServer(Framed(Conversations(Gen.Const(MessageLayout.Bytes24))), TimeSpan.FromMilliseconds(50), client =>
        {
            AskFor(client, Features.Streams);
            client.Receive(new byte[StreamToken.Bytes], SocketFlags.None);
        });

    private static void AskFor(Socket client, Features wish)
    {
        var bytes = new byte[PageServerMessage.MaxBytes];
        client.Send(bytes, Negotiation.Question(PagesId.OfTask(1), wish).Write(bytes, MessageLayout.Bytes24), SocketFlags.None);
        client.Receive(bytes, sizeof(int), SocketFlags.None);
        Assert.Equal(wish, Negotiation.GrantedIn(BinaryPrimitives.ReadInt32LittleEndian(bytes), wish));
    }

    // The client is another thread, as it may wait for answers.
    private static void FeedServer(Gen<byte[]> conversations, TimeSpan patience, Action<Socket> begin)
    {
        using var scratch = new Scratch();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var folder = DirectoryFd.Open(scratch.Path);
        using var rounds = new NumberedRounds(folder, Observed.Nothing);
        int whole = 0;
        Fuzz.Feed(Fuzz.Damaged(conversations), input =>
        {
            using var client = new TcpClient("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port);
            using var peer = new Peer(listener.AcceptSocket(), "the peer", patience);
            var sending = Task.Run(() =>
            {
                begin(client.Client);
                client.Client.Send(input);
                client.Client.Shutdown(SocketShutdown.Send);
            });
            try
            {
                using var session = new Session(peer, () => rounds.Begin(rounds.Moment()),
                    new ServerRequest { Timeout = patience }, Observed.Nothing)
                {
                    OpenRounds = new OpenRounds(() => { }),
                };
                AssertWhole(session.Run()!.Round.Directory);
                whole++;
            }
            finally
            {
                peer.BreakOff(); // what it has not read
                Assert.True(((IAsyncResult)sending).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(20)));
                Assert.All(sending.Exception?.InnerExceptions ?? [], e => Assert.IsType<SocketException>(e));
                var left = Directory.GetDirectories(scratch.Path);
                Assert.All(left, directory => Assert.True(int.TryParse(Path.GetFileName(directory), out _), directory));
                Array.ForEach(left, directory => Directory.Delete(directory, recursive: true));
            }
        }, [typeof(PeerException)], count: 3000);
        Assert.True(whole > 100, $"only {whole} were whole: the others prove little");
    }

    private static void AssertWhole(string directory)
    {
        foreach (var path in Directory.GetFiles(directory, "pagemap-*.img"))
        {
            using var pagemap = Opened.Image(path, (images, name) => PagemapReader.Open(images, name, PageSize.Bytes));
            ulong present = 0;
            while (pagemap.TryRead(out var entry))
                present += entry.Flags.HasFlag(PageFlags.Present) ? entry.NrPages : 0;
            Assert.Equal(present * 4096, (ulong)new FileInfo(Path.Combine(directory, ImageNames.Pages(pagemap.PagesId))).Length);
        }
    }
}
