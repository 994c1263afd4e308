using System.Net;
using System.Net.Sockets;
using CsCheck;
using PreDump.Images;
using PreDump.Linux;
using PreDump.PageServer;
using Xunit;

namespace PreDump.Tests.Unit.Fuzz;

/// <summary>A page server's session, fed with damaged messages: it is refused and leaves no file, or its round is
/// complete.</summary>
public sealed class PageServerFuzzTests
{

    // A session: some tasks, each with runs that follow a gap, in either layout.
    private static readonly Gen<byte[]> s_conversations = Gen.Select(
        Gen.Int[1, 100].Array[1, 3],
        Gen.Select(Gen.Int[0, 20], Gen.Int[1, 5], Gen.Int[0, 3]).Array[0, 6],
        Gen.Enum<MessageLayout>(),
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

    [Fact]
    public void A_damaged_conversation_with_a_page_server_is_refused_or_leaves_whole_images()
    {
        using var scratch = new Scratch();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var folder = DirectoryFd.Open(scratch.Path);
        using var rounds = new NumberedRounds(folder, Observed.Nothing);
        int whole = 0;
        Fuzz.Feed(Fuzz.Damaged(s_conversations), input =>
        {
            using var client = new TcpClient("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port);
            using var peer = new Peer(listener.AcceptSocket(), "the peer", TimeSpan.FromSeconds(10));
            client.Client.Send(input);
            client.Client.Shutdown(SocketShutdown.Send);
            try
            {
                using var session = new Session(peer, () => rounds.Begin(rounds.Moment()),
                    new ServerRequest { Timeout = TimeSpan.FromSeconds(10) }, Observed.Nothing);
                AssertWhole(session.Run().Round.Directory);
                whole++;
            }
            finally
            {
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
