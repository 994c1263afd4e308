using Xunit;

namespace PreDump.Tests.EndToEnd.PageServer;

/// <summary>A link that drops: neither side receives anything from the other, not even the end of the connection.</summary>
public sealed class BrokenLinkTests
{
    private const int Patience = 2;

    // A page server that answers the last message only when it gets a signal.
    private const string SlowAtTheEnd = """
        import os, signal, socket, struct, sys
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        listener = socket.create_server((sys.argv[1], 0))
        print("READY", os.getpid())
        print(listener.getsockname()[1])
        peer = listener.accept()[0]
        stream = peer.makefile("rb")
        while True:
            command, pages, _, _ = struct.unpack("<IxxxxQQQ", stream.read(32))
            if command & 0xffff == 0x1023:
                break
            if command & 0xffff == 4:
                peer.send(bytes(1))
            elif command >> 16 & 4:
                stream.read(pages * 4096)
        print("CLOSE")
        signal.sigwait([signal.SIGUSR1])
        peer.send(bytes(4))
        stream.read()
        """;

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task A_link_that_drops_in_the_middle_of_the_pages_ends_both_sides(bool near, bool tls)
    {
        await using var hosts = await TwoHosts.Connect();
        using var scratch = new Scratch();
        string images = scratch.Folder("images");
        string[] security = tls ? Tls(scratch, hosts.Far.Address) : [];
        await using var server = await Serve(hosts, scratch, images, security);
        await using var victim = await Victim.Start("plain", 16384);
        var before = VictimState.OfTree(victim);

        var sending = Send(hosts, server.Port, victim, scratch.Folder("1"), security);
        await Eventually.True(() => Received(images) > 8 << 20, "the first pages are there");
        await (near ? hosts.Near : hosts.Far).Plug(false);

        Assert.Contains($"took nothing for {Patience} s", await GivenUp(sending));
        Assert.Empty(Directory.GetFileSystemEntries(scratch["1"]));
        await VictimState.AssertUnchanged(before, victim);
        await Eventually.True(() => Log(scratch).Contains("silent for"), "the server's session ends");
        await Eventually.True(() => Directory.GetFileSystemEntries(images).Length == 0, "what was not whole is removed");

        await (near ? hosts.Near : hosts.Far).Plug(true);
        await victim.Stop();
        var again = await Send(hosts, server.Port, victim, scratch.Folder("2"), security);
        Assert.True(again.ExitCode == 0, again.ToString());
        Assert.Equal([Path.Combine(images, "1")], Directory.GetFileSystemEntries(images));
        var verified = await PreDumpTool.Run("verify", Path.Combine(images, "1"), "--tree", $"{victim.Pid}");
        Assert.True(verified.ExitCode == 0, verified.ToString());
        Tally.Count("faults injected");
    }

    [Fact]
    public async Task A_link_that_drops_while_the_client_waits_for_the_first_answer_ends_both_sides()
    {
        await using var hosts = await TwoHosts.Connect();
        using var scratch = new Scratch();
        await using var server = await Serve(hosts, scratch, scratch.Folder("images"));
        server.Send(Signal.Stop); // until the link is down
        await DropsOnceAsked(hosts, scratch, server.Port, "auto",
            () => Eventually.True(() => HasQuestion(hosts.Far), "the question is there"),
            () => server.Send(Signal.Continue));
    }

    [Fact]
    public async Task A_link_that_drops_while_the_client_waits_for_the_last_answer_ends_both_sides()
    {
        Requires.Program(Requires.DebianPython, "python3");
        await using var hosts = await TwoHosts.Connect();
        using var scratch = new Scratch();
        await using var server = await Victim.Ready(hosts.Far.Prefix[0],
            [.. hosts.Far.Prefix[1..], "/usr/bin/setpriv", "--pdeathsig", "KILL",
                Requires.DebianPython, "-uc", SlowAtTheEnd, hosts.Far.Address]);
        int port = int.Parse(await server.Line());
        await DropsOnceAsked(hosts, scratch, port, "32", async () => Assert.Equal("CLOSE", await server.Line()),
            () => Signal.Send(server.Pid, Signal.Usr1));
    }

    [Fact]
    public async Task A_link_that_drops_before_the_client_comes_ends_the_client()
    {
        await using var hosts = await TwoHosts.Connect();
        using var scratch = new Scratch();
        await using var server = await Serve(hosts, scratch, scratch.Folder("images"));
        await using var victim = await Victim.Start("plain");
        await hosts.Far.Plug(false);
        Assert.Contains($"no answer for {Patience} s", await GivenUp(Send(hosts, server.Port, victim, scratch.Folder("1"))));
        Assert.Empty(Directory.GetFileSystemEntries(scratch["1"]));
        Tally.Count("faults injected");
    }

    // The answer is sent, but after the link has gone down.
    private static async Task DropsOnceAsked(TwoHosts hosts, Scratch scratch, int port, string protocol, Func<Task> asked,
        Action answer)
    {
        await using var victim = await Victim.Start("plain");
        var before = VictimState.OfTree(victim);
        var sending = Send(hosts, port, victim, scratch.Folder("1"), "--page-server-protocol", protocol);
        await asked();
        await hosts.Far.Plug(false);
        answer();
        Assert.Contains($"silent for {Patience} s", await GivenUp(sending));
        Assert.Empty(Directory.GetFileSystemEntries(scratch["1"]));
        await VictimState.AssertUnchanged(before, victim);
        Tally.Count("faults injected");
    }

    private static Task<PageServerTool> Serve(TwoHosts hosts, Scratch scratch, string images, params string[] more) =>
        PageServerTool.Start(hosts.Far, images,
            ["--forever", "--timeout", $"{Patience}", "--work-dir", scratch.Path, "--log-file", "log", .. more]);

    private static async Task<CommandResult> Send(TwoHosts hosts, int port, Victim victim, string images, params string[] more) =>
        await hosts.Near.Run([await PreDumpTool.File(), "--tree", $"{victim.Pid}", "--images-dir", images,
            "--page-server", "--address", hosts.Far.Address, "--port", $"{port}",
            "--timeout", $"{Patience}", "-q", .. more]);

    // The error line of a client that ended by itself, before TCP gave up: that takes a quarter of an hour.
    private static async Task<string> GivenUp(Task<CommandResult> sending)
    {
        var result = await Eventually.Within(sending, "a client that gives up");
        return Refusal.Line(Refusal.Failure, result);
    }

    private static string[] Tls(Scratch scratch, string host)
    {
        var options = new Certificates(scratch).For(host).Options;
        return ["--tls", "--tls-cert", options.Cert!, "--tls-key", options.Key!, "--tls-cacert", options.CaCert!];
    }

    private static string Log(Scratch scratch) => File.Exists(scratch["log"]) ? File.ReadAllText(scratch["log"]) : "";

    private static long Received(string images) =>
        Directory.GetFiles(images, "pages-*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);

    // /proc/PID/net/tcp: "sl local_address rem_address st tx_queue:rx_queue ..."; 01 is an established connection.
    private static bool HasQuestion(TwoHosts.Host host) => File.ReadLines($"/proc/{host.Pid}/net/tcp").Skip(1)
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Any(fields => fields[3] == "01" && !fields[4].EndsWith(":00000000", StringComparison.Ordinal));
}
