using Xunit;

namespace PreDump.Tests.EndToEnd.PageServer;

/// <summary>The page server and a raw client: what it stores and what it refuses.</summary>
public sealed class PageServerTests
{
    private const ulong Id = 77 << 8 | 1, Base = 0x10000;

    [Theory]
    [InlineData(24)]
    [InlineData(32)]
    public async Task One_round_goes_into_the_page_servers_directory_itself(int messageBytes)
    {
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Path);
        using (var client = server.Connect(messageBytes))
        {
            Assert.Equal(0, client.Send(RawPageClient.Parent, id: Id).Answer(4));
            Assert.Equal(0, client.Send(RawPageClient.Open2, id: Id).Answer(1));
            client.SendPages(Base, 700, Id).SendPages(Base + 800 * 4096, 1, Id);
            Assert.Empty(Directory.GetFiles(scratch.Path)); // not yet complete
            Assert.Equal(0, client.Send(RawPageClient.Close).Answer(4));
        }
        Assert.Equal(0, await server.Exited());

        var task = (await DecodedImages.Read(scratch.Path)).Tasks[77];
        task.AssertWellFormed();
        Assert.Equal([new ImageRun(Base, 700, ImageRun.Present), new ImageRun(Base + 800 * 4096, 1, ImageRun.Present)],
            task.Runs);
        var bytes = await File.ReadAllBytesAsync(task.PagesFile, TestContext.Current.CancellationToken);
        Assert.True(Enumerable.Range(0, 700)
            .All(page => bytes[page * 4096] == (byte)page && bytes[page * 4096 + 4095] == (byte)page));
        Assert.All(Directory.GetFiles(scratch.Path),
            file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task Rounds_at_a_page_server_are_built_upon_each_other()
    {
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Path, "--rounds", "2");
        Round(server, hole: false);
        Round(server, hole: true);
        Assert.Equal(0, await server.Exited());
        Assert.Equal(["1", "2"], Directory.GetDirectories(scratch.Path).Select(Path.GetFileName).Order());
        Assert.Equal("../1", new FileInfo(scratch["2/parent"]).LinkTarget);
        Assert.False(Path.Exists(scratch["1/parent"]));
    }

    [Fact]
    public async Task Of_two_rounds_at_a_page_server_that_could_be_the_parent_none_is()
    {
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Path, "--forever", "-q");
        Round(server, hole: false);
        Round(server, hole: false);
        using var client = server.Connect();
        Assert.Equal(0, client.Send(RawPageClient.Parent, id: Id).Answer(4));
        Assert.Equal(0, client.Send(RawPageClient.Open2, id: Id).Answer(1));
        Assert.Null(client.Send(RawPageClient.AddFlags, 1, Base, Id, flags: 1).Answer(1));
        await OnlyRounds(scratch.Path, "1", "2");
    }

    [Theory]
    [InlineData(15)]
    [InlineData(9)]
    public async Task A_page_server_that_is_ended_leaves_nothing_that_looks_whole(int signal)
    {
        using var scratch = new Scratch();
        await using (var server = await PageServerTool.Start(scratch.Path))
        {
            using var client = server.Connect();
            client.Send(RawPageClient.Open2, id: Id).SendPages(Base, 300, Id);
            Assert.Equal(0, client.Answer(1));
            await server.Kill(signal);
        }
        Assert.Empty(Directory.GetFiles(scratch.Path));
        await using (var server = await PageServerTool.Start(scratch.Path))
            await OnlyRounds(scratch.Path);
    }

    private static readonly Dictionary<string, Action<RawPageClient>> s_hostile = new()
    {
        { "nothing but an end", client => client.Stream.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send) },
        { "garbage", client => client.Send([.. Enumerable.Range(1, 4000).Select(n => (byte)(n * 37))]) },
        { "half a message", client => client.Send(new byte[11]) },
        { "half of the second message", client => Opened(client).Send(new byte[13]) },
        { "an unknown command", client => Opened(client).Send(99, id: Id) },
        { "a wish for lazy pages", client => Opened(client).Send(7, 1, Base, Id) },
        { "a run before it is opened", client => client.Send(RawPageClient.Parent, id: Id).SendPages(Base, 1, Id) },
        { "another one's pages", client => Opened(client).SendPages(Base, 1, 78 << 8 | 1) },
        { "id 0", client => client.Send(RawPageClient.Open2, id: 1) },
        { "a huge pid", client => client.Send(RawPageClient.Open2, id: ulong.MaxValue & ~0xfful | 1) },
        { "an unknown kind", client => client.Send(RawPageClient.Open2, id: 77 << 8 | 5) },
        { "an id twice", client => Opened(client).Send(RawPageClient.Open2, id: Id) },
        { "no pages", client => Opened(client).Send(RawPageClient.AddFlags, 0, Base, Id, 4) },
        { "2^52 pages", client => Opened(client).Send(RawPageClient.AddFlags, 1UL << 52, Base, Id, 4) },
        { "2^33 pages left to the parent", client => Opened(client).Send(RawPageClient.AddFlags, 1UL << 33, Base, Id, 1) },
        { "inside a page", client => Opened(client).Send(RawPageClient.AddFlags, 1, Base + 8, Id, 4) },
        { "a kernel's address", client => Opened(client).Send(RawPageClient.AddFlags, 1, 0xffff888000000000, Id, 4) },
        { "a run twice", client => Opened(client).SendPages(Base, 2, Id).SendPages(Base, 1, Id) },
        { "a run before the last", client => Opened(client).SendPages(Base, 2, Id).SendPages(Base - 4096, 1, Id) },
        { "unknown flags", client => Opened(client).Send(RawPageClient.AddFlags, 1, Base, Id, 0x80) },
        { "no flags", client => Opened(client).Send(RawPageClient.AddFlags, 1, Base, Id) },
        { "here and in the parent", client => Opened(client).Send(RawPageClient.AddFlags, 1, Base, Id, 5) },
        { "a hole without a parent", client => Opened(client).Send(RawPageClient.AddFlags, 1, Base, Id, 1) },
        { "pages that end too early", client =>
            Opened(client).Send(RawPageClient.AddFlags, 5, Base, Id, 4).Send(new byte[5000]) },
    };

    public static TheoryData<string> HostilePeers() => [.. s_hostile.Keys];

    [Theory]
    [MemberData(nameof(HostilePeers))]
    public async Task A_hostile_peer_is_refused_and_harms_no_other(string what)
    {
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Path, "--forever", "-q", "--timeout", "1");
        using var other = server.Connect();
        Assert.Equal(0, other.Send(RawPageClient.Open2, id: 5 << 8 | 1).Answer(1));
        using (var client = server.Connect())
        {
            s_hostile[what](client);
            while (client.Answer(1) is not null)
            {
            }
        }
        Assert.Equal(0, other.SendPages(Base, 3, 5 << 8 | 1).Send(RawPageClient.Close).Answer(4));
        await OnlyRounds(scratch.Path, "1");
        Tally.Count("hostile peers refused");
    }

    [Fact]
    public async Task A_thousand_connections_harm_no_round()
    {
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Path, "--forever", "-q");
        var silent = new List<RawPageClient>();
        try
        {
            for (int i = 0; i < 1000; i++)
            {
                silent.Add(server.Connect());
                if (i % 2 == 0)
                    silent[^1].Send(new byte[5]);
            }
            Round(server, hole: false);
            Assert.True(server.PeakMemory < 64 << 20, $"{server.PeakMemory} bytes");
        }
        finally
        {
            silent.ForEach(client => client.Dispose());
        }
        await OnlyRounds(scratch.Path, "1");
    }

    private static RawPageClient Opened(RawPageClient client) => client.Send(RawPageClient.Open2, id: Id);

    private static void Round(PageServerTool server, bool hole)
    {
        using var client = server.Connect();
        int? hasParent = client.Send(RawPageClient.Open2, id: Id).Answer(1);
        if (hole)
        {
            Assert.Equal(1, hasParent);
            client.Send(RawPageClient.AddFlags, 2, Base, Id, flags: 1);
        }
        client.SendPages(Base + (hole ? 2UL : 0) * 4096, 3, Id);
        Assert.Equal(0, client.Send(RawPageClient.Close).Answer(4));
    }

    private static Task OnlyRounds(string path, params string[] rounds) =>
        Eventually.True(() => Directory.GetFileSystemEntries(path).Select(Path.GetFileName).Order().SequenceEqual(rounds),
            $"nothing but rounds {string.Join(", ", rounds)}");
}
