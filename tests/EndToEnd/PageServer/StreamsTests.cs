using Xunit;

namespace PreDump.Tests.EndToEnd.PageServer;

/// <summary>A round over several connections, and over connections that drop: it arrives as it was, or the client says that it
/// did not.</summary>
public sealed class StreamsTests
{
    private const int Pages = 12_000;

    [Theory]
    [InlineData(1, "off", false)]
    [InlineData(2, "on", false)]
    [InlineData(5, "off", false)]
    [InlineData(3, "on", true)]
    [InlineData(3, "off", true)]
    public async Task A_round_arrives_over_as_many_connections_as_are_wanted(int streams, string compress, bool tls)
    {
        await using var victim = await Victim.Start("floats", 3000);
        await victim.Stop();
        using var scratch = new Scratch();
        string[] security = tls ? Tls(scratch) : [];
        await using var server = await PageServerTool.Start(scratch.Folder("images"), security);
        using var link = new DroppingLink(server.Port, _ => null);

        await PreDumpTool.Dump(victim.Pid, scratch.Folder("client"),
            ["--page-server", "--port", $"{link.Port}", "--streams", $"{streams}", "--compress", compress, .. security]);

        Assert.Equal(0, await server.Exited());
        Assert.Equal(streams, link.Connections);
        await AssertWhole(scratch["images"], victim);
    }

    /// <summary>Each drops in one of three ways, some in the middle of the handshake; the rest stays.</summary>
    [Theory]
    [InlineData(1, false, 1)]
    [InlineData(1, true, 2)]
    [InlineData(3, false, 3)]
    [InlineData(3, true, 4)]
    public async Task A_round_goes_on_where_it_was_when_connections_drop(int streams, bool tls, int seed)
    {
        await using var victim = await Victim.Start("plain", Pages);
        await victim.Stop();
        using var scratch = new Scratch();
        string[] security = tls ? Tls(scratch) : [];
        await using var server = await PageServerTool.Start(scratch.Folder("images"), ["--timeout", "1", .. security]);
        var luck = new Random(seed);
        using var link = new DroppingLink(server.Port,
            number => number < streams || number > 6 ? null : luck.Next(1, 8 << 20));
        using var first = new DroppingLink(link.Port, number => number < streams ? luck.Next(1 << 20, 8 << 20) : null);

        var result = await Send(victim, scratch.Folder("client"), first.Port,
            ["--streams", $"{streams}", "--retry", "60", "--timeout", "1", .. security]);

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal(0, await server.Exited());
        Assert.InRange(first.Dropped, 1, streams);
        Assert.Contains("trying to connect again", result.Errors);
        await AssertWhole(scratch["images"], victim);
        Tally.Count("faults injected", first.Dropped + link.Dropped);
    }

    /// <summary>What has arrived is not sent again.</summary>
    [Fact]
    public async Task What_the_server_has_is_kept()
    {
        await using var victim = await Victim.Start("plain", Pages);
        await victim.Stop();
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Folder("images"));
        using var link = new DroppingLink(server.Port, number => number == 1 ? 40 << 20 : number == 0 ? 30 << 20 : null);

        var summary = await PreDumpTool.Dump(victim.Pid, scratch.Folder("client"),
            "--page-server", "--port", $"{link.Port}", "--retry", "30", "--compress", "off");

        Assert.Equal(0, await server.Exited());
        Assert.True(link.Dropped >= 1);
        await AssertWhole(scratch["images"], victim);
        double sent = summary.GetProperty("bytes_sent").GetDouble(), written = summary.GetProperty("bytes_written").GetDouble();
        Assert.InRange(sent, written, written + ((20 << 20) * link.Dropped));
    }

    /// <summary>The drop is that of the link below the connection: neither side gets anything, until it is back.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_cable_may_be_pulled_and_put_back(int streams)
    {
        await using var hosts = await TwoHosts.Connect();
        using var scratch = new Scratch();
        string images = scratch.Folder("images");
        await using var server = await PageServerTool.Start(hosts.Far, images, "--forever", "--timeout", "1");
        await using var victim = await Victim.Start("plain", Pages);
        await victim.Stop();
        var sending = hosts.Near.Run([await PreDumpTool.File(), "--tree", $"{victim.Pid}",
            "--images-dir", scratch.Folder("client"),
            "--page-server", "--address", hosts.Far.Address, "--port", $"{server.Port}", "--streams", $"{streams}",
            "--retry", "60", "--timeout", "1", "--compress", "off"]);
        await Eventually.True(() => Received(images) > 4 << 20, "the first pages are there");

        await hosts.Near.Plug(false);
        await Task.Delay(TimeSpan.FromSeconds(4), TestContext.Current.CancellationToken);
        await hosts.Near.Plug(true);

        var result = await Eventually.Within(sending, "the client's end");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("trying to connect again", result.Errors);
        await AssertWhole(Path.Combine(images, "1"), victim);
        Tally.Count("faults injected");
    }

    [Fact]
    public async Task A_server_that_does_not_come_back_is_an_error_and_leaves_nothing()
    {
        await using var victim = await Victim.Start("plain", Pages);
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Folder("images"));
        var before = VictimState.OfTree(victim);
        var sending = Send(victim, scratch.Folder("client"), server.Port, "--retry", "2", "--max-rate", "10M");
        await Eventually.True(() => Received(scratch["images"]) > 1 << 20, "the first pages are there");
        server.Send(Signal.Kill);

        var result = await sending;
        Assert.Contains("could not go on within 2 s", Refusal.Line(Refusal.Failure, result));
        Assert.Empty(Directory.GetFileSystemEntries(scratch["client"]));
        await VictimState.AssertUnchanged(before, victim);
    }

    [Fact]
    public async Task A_server_that_was_started_anew_knows_no_more_of_the_round()
    {
        await using var victim = await Victim.Start("plain", Pages);
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Folder("images"));
        await using var other = await PageServerTool.Start(scratch.Folder("others"));
        using var link = new DroppingLink(
            number => number == 0 ? server.Port : other.Port, number => number == 0 ? 10 << 20 : null);

        var result = await Send(victim, scratch.Folder("client"), link.Port, "--retry", "20");

        Assert.Contains("knows no more of this round", Refusal.Line(Refusal.Failure, result));
        Assert.Empty(Directory.GetFileSystemEntries(scratch["client"]));
        Assert.Empty(Directory.GetFileSystemEntries(scratch["others"]));
    }

    /// <summary>A client that is killed does not come back: what it sent is removed after the time that it asked for.</summary>
    [Fact]
    public async Task A_server_waits_for_a_client_no_longer_than_it_was_asked_to()
    {
        await using var victim = await Victim.Start("plain", Pages);
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Folder("images"));
        var client = await Sending(victim, scratch, server.Port, "--retry", "6", "--max-rate", "5M");
        Signal.Send(client.Id, Signal.Kill);
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.NotEmpty(Directory.GetFileSystemEntries(scratch["images"]));
        Assert.Equal(1, await server.Exited());
        Assert.Empty(Directory.GetFileSystemEntries(scratch["images"]));
    }

    /// <summary>Its client might come back for a long time. (By force the server would leave what has come.)</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_is_ended_waits_for_nobody(bool isClientGone)
    {
        await using var victim = await Victim.Start("plain", Pages);
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Folder("images"), "--forever");
        var client = await Sending(victim, scratch, server.Port, "--retry", "3000", "--max-rate", "5M");
        if (isClientGone)
            Signal.Send(client.Id, Signal.Kill);
        server.Send(Signal.Term);
        Assert.Equal(143, await server.Exited());
        Assert.Empty(Directory.GetFileSystemEntries(scratch["images"]));
        await client.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.NotEqual(0, client.ExitCode);
    }

    [Fact]
    public async Task A_client_that_is_ended_says_so_and_is_not_waited_for()
    {
        await using var victim = await Victim.Start("plain", Pages);
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Folder("images"));
        var client = await Sending(victim, scratch, server.Port, "--retry", "3000", "--max-rate", "20M");
        Signal.Send(client.Id, Signal.Term);
        await client.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(143, client.ExitCode);
        Assert.Equal(1, await server.Exited());
        Assert.Empty(Directory.GetFileSystemEntries(scratch["images"]));
    }

    [Theory]
    [InlineData("--streams", "4")]
    [InlineData("--retry", "5")]
    public async Task A_page_server_of_CRIUs_gets_one_connection_and_a_warning_is_given(string option, string value)
    {
        using var server = FakePageServer.Of(32);
        await using var victim = await Victim.Start("plain", 700);
        using var scratch = new Scratch();

        var result = await Send(victim, scratch.Folder("1"), server.Port, option, value);

        await server.Ended();
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains($"a single connection that must not drop", result.Errors);
        Assert.Contains($"({option})", result.Errors);
        Assert.InRange(server.Tasks[(ulong)victim.Pid].Count, 700, int.MaxValue);
    }

    [Theory]
    [InlineData("--streams", "2")]
    [InlineData("--retry", "5")]
    public async Task A_connection_that_is_there_already_can_be_no_other(string option, string value) =>
        Assert.Contains("--ps-socket", Refusal.Line(Refusal.Usage,
            await PreDumpTool.Run("--tree", "1", "--page-server", "--ps-socket", "3", option, value)));

    /// <summary>A stranger who does not know the token takes part in nothing, and harms nobody.</summary>
    [Fact]
    public async Task Who_does_not_know_the_token_joins_nothing()
    {
        await using var victim = await Victim.Start("plain", Pages);
        await victim.Stop();
        using var scratch = new Scratch();
        await using var server = await PageServerTool.Start(scratch.Folder("images"));
        var sending = Send(victim, scratch.Folder("client"), server.Port, "--streams", "2", "--max-rate", "10M");
        await Eventually.True(() => Received(scratch["images"]) > 1 << 20, "the first pages are there");
        using (var stranger = server.Connect(messageBytes: 24))
            Assert.Equal(0x5044_0000, stranger.Send(5, pages: 0x5044_0004, address: 1234, id: 99).Answer(4));
        var result = await sending;
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal(0, await server.Exited());
        await AssertWhole(scratch["images"], victim);
    }

    private static async Task<CommandResult> Send(Victim victim, string images, int port, params string[] more) =>
        await PreDumpTool.Run(["--tree", $"{victim.Pid}", "--images-dir", images, "--page-server", "--port", $"{port}",
            .. more]);

    // A client whose first pages have arrived.
    private static async Task<System.Diagnostics.Process> Sending(
        Victim victim, Scratch scratch, int port, params string[] more)
    {
        var client = await PreDumpTool.Start(["--tree", $"{victim.Pid}", "--images-dir", scratch.Folder("client"),
            "--page-server", "--port", $"{port}", .. more]);
        await Eventually.True(() => Received(scratch["images"]) > 1 << 20, "the first pages are there");
        return client;
    }

    private static async Task AssertWhole(string images, Victim victim)
    {
        var verified = await PreDumpTool.Run("verify", images, "--tree", $"{victim.Pid}");
        Assert.True(verified.ExitCode == 0, verified.ToString());
    }

    private static string[] Tls(Scratch scratch)
    {
        var options = new Certificates(scratch).For("127.0.0.1").Options;
        return ["--tls", "--tls-cert", options.Cert!, "--tls-key", options.Key!, "--tls-cacert", options.CaCert!];
    }

    private static long Received(string images) =>
        Directory.GetFiles(images, "pages-*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
}
