using System.Net;
using System.Net.Sockets;
using Xunit;

namespace PreDump.Tests.EndToEnd.PageServer;

/// <summary>`predump page-server --forward`: the chain is here, and what is stored goes on to another page server.</summary>
public sealed class ForwardingTests
{
    private const ulong Id = 77 << 8 | 1, Base = 0x10000, Page = 4096;

    /// <summary>A first round goes to both, and a second one through the server between: only changes arrive.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Only_changes_go_on_to_the_other_server_and_its_chain_is_whole(bool tls)
    {
        Requires.Root();
        await using var victim = await Victim.Start("changes", "move");
        await victim.Stop();
        using var near = new ContentRounds(victim);
        using var far = new Scratch();
        string[] keys = tls ? Keys(far) : [];
        await near.Make("1");
        await Command.Must("/bin/cp", "-a", near["1"], far["1"]);
        await near.Change();
        Directory.CreateDirectory(near["2"]);

        await using var last = await PageServerTool.Start(far.Folder("2"),
            ["--prev-images-dir", "../1", .. tls ? ["--tls"] : Array.Empty<string>(), .. keys]);
        await using var between = await PageServerTool.Start(near["2"],
            ["--prev-images-dir", "../1", "--compare", "--forward", $"127.0.0.1:{last.Port}",
                .. tls ? ["--forward-tls"] : Array.Empty<string>(), .. keys]);
        await near.Make("client", null, "--page-server", "--port", $"{between.Port}");

        Assert.Equal((0, 0), (await between.Exited(), await last.Exited()));
        Assert.Empty(Directory.GetFileSystemEntries(near["2"]));
        File.Copy(near["client/inventory.img"], far["2/inventory.img"]);
        long stored = new FileInfo(Assert.Single(Directory.GetFiles(far["2"], "pages-*.img"))).Length / (long)Page;
        Assert.InRange(stored, 1024, 1040);
        var verified = await PreDumpTool.Run("verify", far["2"], "--tree", $"{victim.Pid}");
        Assert.True(verified.ExitCode == 0, verified.ToString());
    }

    /// <summary>Runs of more than a MiB, pages that are alternately the same, and many short runs: what goes out together is a
    /// MiB and 1024 entries at most.</summary>
    [Theory]
    [InlineData(24)]
    [InlineData(32)]
    public async Task Runs_of_any_length_arrive_as_they_were_sent(int messageBytes)
    {
        using var scratch = new Scratch();
        var (near, far) = await Copies(scratch);
        await using var last = await PageServerTool.Start(far, "--prev-images-dir", "../1");
        await using var between = await PageServerTool.Start(near, "--prev-images-dir", "../1", "--compare",
            "--forward", $"127.0.0.1:{last.Port}");
        using (var client = between.Connect(messageBytes))
        {
            Assert.Equal(0, client.Send(RawPageClient.Open2, id: Id).Answer(1));
            client.Send(RawPageClient.AddFlags, 3000, Base, Id, flags: 4);
            for (int page = 0; page < 3000; page++)
                client.Send([.. Enumerable.Repeat((byte)(page % 2 == 0 ? 5 : page), (int)Page)]);
            for (int run = 0; run < 1500; run++) // with holes between them
                client.SendPages(Base + (4000 + 2 * (ulong)run) * Page, 1, Id);
            client.SendPages(Base + 8000 * Page, 1000, Id);
            client.Send(RawPageClient.Open2, id: 5 << 8 | 1); // of which nothing comes
            Assert.Equal(0, client.Answer(1));
            Assert.Equal(0, client.Send(RawPageClient.Close).Answer(4));
        }
        Assert.Equal((0, 0), (await between.Exited(), await last.Exited()));

        var images = await DecodedImages.Read(far);
        images.Tasks[77].AssertWellFormed();
        Assert.Empty(images.Tasks[5].Runs);
        Assert.Equal(1500 + 1500 + 1000, images.Tasks[77].Places().Count); // (a byte of 5 is never an even page's)
        var content = ChainContent.Of(far);
        Assert.Equal(3000 + 1500 + 1000, content.Count);
        for (ulong page = 0; page < 3000; page++)
            Assert.Equal(Digest((byte)(page % 2 == 0 ? 5 : page)), content[$"pagemap-77.img {Base + page * Page:x16}"]);
        for (ulong page = 0; page < 1000; page++)
            Assert.Equal(Digest((byte)page), content[$"pagemap-77.img {Base + (8000 + page) * Page:x16}"]);
        Assert.Empty(Directory.GetFileSystemEntries(near));
    }

    [Fact]
    public async Task Without_comparing_everything_goes_on()
    {
        using var scratch = new Scratch();
        string near = scratch.Folder("near"), far = scratch.Folder("far");
        await using var last = await PageServerTool.Start(far);
        await using var between = await PageServerTool.Start(near, "--forward", $"127.0.0.1:{last.Port}");
        using (var client = between.Connect())
        {
            Assert.Equal(0, client.Send(RawPageClient.Open2, id: Id).Answer(1));
            Assert.Equal(0, client.SendPages(Base, 700, Id).Send(RawPageClient.Close).Answer(4));
        }
        Assert.Equal((0, 0), (await between.Exited(), await last.Exited()));
        Assert.Equal([new ImageRun(Base, 700, ImageRun.Present)], (await DecodedImages.Read(far)).Tasks[77].Runs);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_an_error_for_both()
    {
        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        await Fails(port);
    }

    [Fact]
    public async Task A_server_that_can_not_write_is_an_error_for_both()
    {
        using var server = FakePageServer.Of(32, status: -1);
        await Fails(server.Port);
    }

    [Fact]
    public async Task A_server_that_hangs_up_is_an_error_for_both()
    {
        using var server = FakePageServer.Of(32, hangUpAfter: 1);
        await Fails(server.Port);
    }

    /// <summary>Or is killed, or sends what makes no sense: the other server has nothing that looks whole.</summary>
    [Theory]
    [InlineData("hangs up")]
    [InlineData("sends nonsense")]
    [InlineData("the server between is killed")]
    public async Task A_client_that_does_not_end_well_leaves_nothing_anywhere(string how)
    {
        using var scratch = new Scratch();
        string near = scratch.Folder("near"), far = scratch.Folder("far");
        await using var last = await PageServerTool.Start(far, "--forever", "-q");
        await using (var between = await PageServerTool.Start(near, "--forward", $"127.0.0.1:{last.Port}"))
        {
            using (var client = between.Connect())
            {
                Assert.Equal(0, client.Send(RawPageClient.Open2, id: Id).Answer(1));
                client.SendPages(Base, 700, Id);
                if (how == "sends nonsense")
                    Assert.Null(client.Send(99, id: Id).Answer(1));
                else if (how != "hangs up")
                    await between.Kill(Signal.Kill);
            }
            Assert.NotEqual(0, await between.Exited());
        }
        await Eventually.True(() => Directory.GetFileSystemEntries(far).Length == 0, "nothing is left there");
        Assert.DoesNotContain(Directory.GetFileSystemEntries(near), path => path.EndsWith(".img", StringComparison.Ordinal));
    }

    /// <summary>What is left to it would be lost.</summary>
    [Fact]
    public async Task A_server_that_does_not_have_the_parent_is_an_error_for_both()
    {
        using var scratch = new Scratch();
        var (near, _) = await Copies(scratch);
        string elsewhere = scratch.Folder("elsewhere");
        await using var last = await PageServerTool.Start(elsewhere, "-q");
        await using var between = await PageServerTool.Start(near, "--prev-images-dir", "../1", "--compare",
            "--forward", $"127.0.0.1:{last.Port}");
        using (var client = between.Connect())
        {
            Assert.Equal(0, client.Send(RawPageClient.Open2, id: Id).Answer(1));
            Assert.NotEqual(0, client.SendPages(Base, 700, Id).Send(RawPageClient.Close).Answer(4));
        }
        Assert.Equal((1, 1), (await between.Exited(), await last.Exited()));
        Assert.Empty(Directory.GetFileSystemEntries(near));
        Assert.Empty(Directory.GetFileSystemEntries(elsewhere));
    }

    [Theory]
    [InlineData("--forward-tls: --forward ADDRESS:PORT is missing", "--forward-tls")]
    [InlineData("--auto-dedup: with --forward", "--auto-dedup", "--forward", "a:1")]
    [InlineData("ADDRESS:PORT must be an address and a port", "--forward", "7777")]
    [InlineData("ADDRESS:PORT must be an address and a port", "--forward", "a:0")]
    [InlineData("ADDRESS:PORT must be an address and a port", "--forward", "a:65536")]
    [InlineData("ADDRESS:PORT must be an address and a port", "--forward", "a:+1")]
    [InlineData("ADDRESS:PORT must be an address and a port", "--forward", ":7777")]
    [InlineData("ADDRESS:PORT must be an address and a port", "--forward", "::1:7777")]
    [InlineData("ADDRESS:PORT must be an address and a port", "--forward", "[]:7777")]
    public async Task Options_that_make_no_sense_are_refused(string why, params string[] options) =>
        Assert.Contains(why, Refusal.Line(Refusal.Usage, await PreDumpTool.Run(["page-server", .. options])));

    // The client is told, and no directory looks like images.
    private static async Task Fails(int port)
    {
        Requires.Root();
        await using var victim = await Victim.Start("plain", 1000);
        using var scratch = new Scratch();
        string near = scratch.Folder("near"), client = scratch.Folder("client");
        var before = VictimState.OfTree(victim);
        await using var between = await PageServerTool.Start(near, "--forward", $"127.0.0.1:{port}");
        await Refusal.Of(Refusal.Failure, client, "-t", $"{victim.Pid}", "--track", "content", "--page-server",
            "--port", $"{between.Port}");
        Assert.Equal(1, await between.Exited());
        Assert.Empty(Directory.GetFileSystemEntries(near));
        await VictimState.AssertUnchanged(before, victim);
    }

    // Pages n of the one round that both have hold the byte n.
    private static async Task<(string Near, string Far)> Copies(Scratch scratch)
    {
        await using (var server = await PageServerTool.Start(scratch.Folder("near/1")))
        {
            using (var client = server.Connect())
            {
                Assert.Equal(0, client.Send(RawPageClient.Open2, id: Id).Answer(1));
                Assert.Equal(0, client.SendPages(Base, 3000, Id).Send(RawPageClient.Close).Answer(4));
            }
            Assert.Equal(0, await server.Exited());
        }
        await Command.Must("/bin/cp", "-a", scratch["near"], scratch["far"]);
        return (scratch.Folder("near/2"), scratch.Folder("far/2"));
    }

    private static string[] Keys(Scratch scratch)
    {
        var options = new Certificates(scratch).For("127.0.0.1").Options;
        return ["--tls-cert", options.Cert!, "--tls-key", options.Key!, "--tls-cacert", options.CaCert!];
    }

    private static string Digest(byte fill) => Convert.ToHexString(
        System.Security.Cryptography.SHA256.HashData(Enumerable.Repeat(fill, (int)Page).ToArray()));
}
