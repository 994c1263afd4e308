using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.PageServer;

/// <summary>A page server as a service of systemd, which passes it the socket (sd_listen_fds(3)).</summary>
public sealed class PassedSocketTests
{
    private const string Tcp = "socket.create_server(('127.0.0.1', 0))";
    private const ulong Id = 77 << 8 | 1;

    [Fact]
    public async Task A_page_server_receives_a_pre_dump_through_the_socket_that_is_passed()
    {
        await Requires.PageOracle();
        using var scratch = new Scratch();
        string images = scratch.Folder("images"), here = scratch.Folder("here");
        await using var victim = await Victim.Start("plain", 700);
        await victim.Stop();
        await using var unit = await SocketUnit.Listen(Tcp, 1, "-D", images, "--rounds", "2");
        await unit.Start();
        Assert.Equal($"listening on 127.0.0.1:{unit.Port}", await unit.Line());

        await PreDumpTool.Dump(victim.Pid, here, "--page-server", "--port", $"{unit.Port}");
        Assert.StartsWith("round 1: 1 task", await unit.Line());
        Round(unit.Port);
        Assert.StartsWith("round 2: 1 task", await unit.Line());

        Assert.Equal(0, await unit.Exited());
        string round = Path.Combine(images, "1");
        File.Copy(Path.Combine(here, ImageNames.Inventory), Path.Combine(round, ImageNames.Inventory));
        await PageComparison.AssertSame(victim, round);
        Assert.Empty(await unit.Errors());
    }

    /// <summary>systemd has it, too: a shutdown(2) by the service would end it for both.</summary>
    [Theory]
    [InlineData(Signal.Term)]
    [InlineData(Signal.Kill)]
    public async Task The_socket_that_is_passed_survives_the_service(int signal)
    {
        using var scratch = new Scratch();
        await using var unit = await SocketUnit.Listen(Tcp, 1, "-D", scratch.Path, "--forever");
        int pid = await unit.Start();
        await unit.Line();
        Round(unit.Port);
        Assert.StartsWith("round 1:", await unit.Line());
        Signal.Send(pid, signal);
        Assert.Equal(signal == Signal.Kill ? -signal : 128 + signal, await unit.Exited());

        var between = Task.Run(() => Round(unit.Port), TestContext.Current.CancellationToken); // while there is no service
        await unit.Start();
        await unit.Line();
        Assert.StartsWith("round 2:", await unit.Line());
        await between;
    }

    [Fact]
    public async Task A_page_server_serves_a_unix_socket_that_is_passed()
    {
        const string Client = """
            import os, socket, sys
            near = socket.socket(socket.AF_UNIX)
            near.connect(sys.argv[1])
            os.dup2(near.fileno(), 9)
            os.execv(sys.argv[2], sys.argv[2:])
            """;
        using var scratch = new Scratch();
        string images = scratch.Folder("images"), here = scratch.Folder("here"), path = scratch["pages.socket"];
        await using var victim = await Victim.Start("plain", 300);
        await using var unit = await SocketUnit.Listen(
            $"socket.create_server('{path}', family=socket.AF_UNIX)", 1, "-D", images, "--json", "--once");
        await unit.Start();
        Assert.Equal($$"""{"listening":"{{path}}"}""", await unit.Line());
        await Command.Must(Requires.DebianPython, "-c", Client, path,
            await PreDumpTool.File(), "-t", $"{victim.Pid}", "-D", here, "--page-server", "--ps-socket", "9");
        Assert.EndsWith($"\"peer\":\"the peer at {path}\"}}", await unit.Line());
        Assert.Equal(0, await unit.Exited());
        Assert.NotEmpty((await DecodedImages.Read(images)).Tasks[victim.Pid].Runs);
    }

    [Fact]
    public async Task A_daemon_gets_the_socket_that_is_passed_but_not_the_variables()
    {
        using var scratch = new Scratch();
        string images = scratch.Folder("images");
        await using var unit = await SocketUnit.Listen(Tcp, 1,
            "-D", images, "-W", scratch.Path, "--forever", "--daemon", "--pidfile", "pid");
        await unit.Start();
        await unit.Line();
        Assert.Equal(0, await unit.Exited());
        int pid = int.Parse(await File.ReadAllTextAsync(scratch["pid"], TestContext.Current.CancellationToken));
        try
        {
            Assert.DoesNotContain("LISTEN_",
                await File.ReadAllTextAsync($"/proc/{pid}/environ", TestContext.Current.CancellationToken));
            Round(unit.Port);
            await Eventually.True(() => Directory.Exists(Path.Combine(images, "1")), "the daemon has received a round");
        }
        finally
        {
            Signal.Send(pid, Signal.Term);
            await Eventually.True(() => !ProcessView.Exists(pid), "the daemon ends");
        }
    }

    public static TheoryData<string, int, string> NoListeners() => new()
    {
        { "os.open('/dev/null', os.O_RDWR)", 1, "not a stream socket that listens" },
        { "socket.socket()", 1, "not a stream socket that listens" },
        { "socket.socket(type=socket.SOCK_DGRAM)", 1, "not a stream socket that listens" },
        { "socket.socketpair(type=socket.SOCK_SEQPACKET)[0]", 1, "not a stream socket that listens" },
        { Tcp, 2, "2 sockets are passed" },
    };

    [Theory]
    [MemberData(nameof(NoListeners))]
    public async Task What_is_passed_and_is_no_single_listening_socket_is_refused(string made, int number, string reason)
    {
        using var scratch = new Scratch();
        await using var unit = await SocketUnit.Listen(made, number, "-D", scratch.Path, "--forever");
        await unit.Start();
        Assert.Equal(1, await unit.Exited());
        Assert.Matches($"^predump: error: .*{reason}.*\n$", await unit.Errors());
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Path));
    }

    /// <summary>Accept=yes: systemd starts a service for each connection, and passes that.</summary>
    [Fact]
    public async Task A_connection_that_is_passed_is_one_round()
    {
        using var scratch = new Scratch();
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        int port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        await using var unit = await SocketUnit.Listen($"socket.create_connection(('127.0.0.1', {port}))", 1, "-D", scratch.Path);
        using var near = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await unit.Start();
        near.Client.Shutdown(System.Net.Sockets.SocketShutdown.Both);
        Assert.Equal(1, await unit.Exited());
        Assert.Contains("the peer at the inherited socket", await unit.Errors());
    }

    [Theory]
    [InlineData("--forever")]
    [InlineData("--rounds", "2")]
    public async Task A_connection_that_is_passed_can_not_be_many_rounds(params string[] rounds)
    {
        using var scratch = new Scratch();
        await using var unit = await SocketUnit.Listen("socket.socketpair()[0]", 1, ["-D", scratch.Path, .. rounds]);
        await unit.Start();
        Assert.Equal(1, await unit.Exited());
        Assert.Contains("Accept=no", await unit.Errors());
    }

    [Fact]
    public async Task An_address_beside_a_socket_that_is_passed_makes_no_difference_and_is_warned_of()
    {
        using var scratch = new Scratch();
        string config = scratch.Write("conf", "port 1\n"u8), images = scratch.Folder("images");
        await using var unit = await SocketUnit.Listen(Tcp, 1,
            "-D", images, "--forever", "--config", config, "--address", "192.0.2.1");
        int pid = await unit.Start();
        Assert.Equal($"listening on 127.0.0.1:{unit.Port}", await unit.Line());
        Signal.Send(pid, Signal.Term);
        await unit.Exited();
        string errors = await unit.Errors();
        Assert.Contains("--address 192.0.2.1: makes no difference with the socket that the service manager passes", errors);
        Assert.DoesNotContain("port", errors);
    }

    [Fact]
    public async Task Sockets_that_are_passed_to_another_process_are_not_taken()
    {
        using var scratch = new Scratch();
        var result = await Command.Run("/bin/sh",
            ["-c", "LISTEN_FDS=1 LISTEN_PID=1 exec \"$0\" \"$@\" 3< /dev/null", await PreDumpTool.File(),
                "page-server", "-D", scratch.Path, "--address", "192.0.2.1"]);
        Assert.Contains("can't listen on 192.0.2.1", Refusal.Line(Refusal.Failure, result));
    }

    /// <summary>systemd's own tool, which waits for the first client and then becomes the service.</summary>
    [Theory]
    [InlineData("predump")]
    [InlineData("criu")]
    public async Task A_page_server_is_started_by_systemd_socket_activate(string client)
    {
        const string Activate = "/usr/bin/systemd-socket-activate", Criu = "/usr/sbin/criu";
        Requires.Root();
        Requires.Program(Activate, "systemd");
        using var scratch = new Scratch();
        string images = scratch.Folder("images"), here = scratch.Folder("here"), path = scratch["pages.socket"];
        int port;
        using (var free = new FakePageServer((_, _) => { }))
            port = free.Port;
        await using var victim = await Victim.Start("plain", 300);
        if (client == "criu")
        {
            Requires.Program(Criu, "criu");
            var alone = await Command.Run(Criu, ["pre-dump", "-t", $"{victim.Pid}", "-D", scratch.Folder("alone"), "-v1"]);
            Assert.SkipUnless(alone.ExitCode == 0, $"criu pre-dump does not work here: {alone.ErrorLines.FirstOrDefault()}");
        }
        await using var service = await Victim.Program(Activate, "-l", $"127.0.0.1:{port}",
            await PreDumpTool.File(), "page-server", "-D", images, "--rounds", "1", "-v4");
        await Eventually.True(() => ListensOn(service.Pid, port), "systemd-socket-activate listens");
        if (client == "criu")
            await Command.Must(Criu, "pre-dump", "-t", $"{victim.Pid}", "-D", here,
                "--page-server", "--address", "127.0.0.1", "--port", $"{port}");
        else
            await PreDumpTool.Dump(victim.Pid, here, "--page-server", "--port", $"{port}");
        Assert.Equal($"listening on 127.0.0.1:{port}", await service.Line());
        Assert.StartsWith("round 1: 1 task", await service.Line());
        await Eventually.True(() => service.HasExited, "the service ends after its round");
        File.Copy(Path.Combine(here, ImageNames.Inventory), Path.Combine(images, "1", ImageNames.Inventory));
        Assert.NotEmpty((await DecodedImages.Read(Path.Combine(images, "1"))).Tasks[victim.Pid].Runs);
    }

    private static bool ListensOn(int pid, int port) => File.ReadLines($"/proc/{pid}/net/tcp")
        .Any(line => line.Contains($"0100007F:{port:X4} 00000000:0000 0A", StringComparison.Ordinal));

    private static void Round(int port)
    {
        using var client = new RawPageClient(port, 32);
        Assert.NotNull(client.Send(RawPageClient.Open2, id: Id).Answer(1));
        client.SendPages(0x10000, 3, Id);
        Assert.Equal(0, client.Send(RawPageClient.Close).Answer(4));
    }
}
