using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.PageServer;

/// <summary>--ps-socket: both sides inherit a connection from the process that starts them.</summary>
public sealed class InheritedSocketTests
{
    // Descriptor 9 of the client and of the server are the two ends of a connection.
    private const string BothSides = """
        import os, socket, subprocess, sys
        kind, split = sys.argv[1], sys.argv.index("--")
        if kind == "unix":
            ends = socket.socketpair()
        else:
            listener = socket.create_server(("127.0.0.1", 0))
            near = socket.create_connection(listener.getsockname())
            ends = near, listener.accept()[0]
        def start(command, end):
            return subprocess.Popen(command, close_fds=False, preexec_fn=lambda: os.dup2(end.fileno(), 9))
        sides = start(sys.argv[2:split], ends[0]), start(sys.argv[split + 1:], ends[1])
        for end in ends:
            end.close()
        sys.exit(max(abs(side.wait()) for side in sides))
        """;

    // The same connection for several rounds, with two new processes for each: {0} becomes the round's number.
    private const string SeveralRounds = """
        import os, socket, subprocess, sys
        kind, rounds, split = sys.argv[1], int(sys.argv[2]), sys.argv.index("--")
        if kind == "unix":
            ends = socket.socketpair()
        else:
            listener = socket.create_server(("127.0.0.1", 0))
            near = socket.create_connection(listener.getsockname())
            ends = near, listener.accept()[0]
        def start(command, end, number):
            return subprocess.Popen([word.replace("{0}", str(number)) for word in command], close_fds=False,
                preexec_fn=lambda: os.dup2(end.fileno(), 9))
        for number in range(rounds):
            sides = start(sys.argv[3:split], ends[0], number), start(sys.argv[split + 1:], ends[1], number)
            if any([side.wait() for side in sides]):
                sys.exit(f"round {number}")
        """;

    // The first argument creates descriptor 9.
    private const string OneSide = """
        import os, socket, sys
        made = eval(sys.argv[1])
        os.dup2(made if type(made) is int else made.fileno(), 9)
        os.execv(sys.argv[2], sys.argv[2:])
        """;

    public static TheoryData<string, string> NoConnections() => new()
    {
        { "os.open('/dev/null', os.O_RDWR)", "not a connected" },
        { "os.pipe()[0]", "not a connected" },
        { "socket.socket()", "not a connected" },
        { "socket.create_server(('127.0.0.1', 0))", "not a connected" },
        { "socket.socket(socket.AF_UNIX)", "not a connected" },
        { "socket.socketpair(type=socket.SOCK_DGRAM)[0]", "not a connected" },
        { "socket.socketpair(type=socket.SOCK_SEQPACKET)[0]", "not a connected" },
        { "socket.socketpair()[0]", "hung up" }, // the other end is closed before predump starts
    };

    [Theory]
    [InlineData("unix", "auto")]
    [InlineData("unix", "24")]
    [InlineData("unix", "32")]
    [InlineData("tcp", "auto")]
    [InlineData("tcp", "24")]
    public async Task A_client_and_a_server_that_are_given_an_end_each_make_a_round(string kind, string protocol)
    {
        await Requires.PageOracle();
        using var scratch = new Scratch();
        string here = scratch.Folder("here"), there = scratch.Folder("there"), predump = await PreDumpTool.File();
        await using var victim = await Victim.Start("plain", 5000);
        await victim.Stop();

        await Command.Must(Requires.DebianPython, "-c", BothSides, kind,
            predump, "--tree", $"{victim.Pid}", "--images-dir", here, "--page-server", "--ps-socket", "9",
            "--page-server-protocol", protocol, "--",
            predump, "page-server", "--images-dir", there, "--ps-socket", "9");

        Assert.Equal(["inventory.img", "stats-dump"], Directory.GetFiles(here).Select(Path.GetFileName)
            .Where(name => name is not (ImageNames.Frames or ImageNames.ByContent)).Order());
        File.Copy(Path.Combine(here, "inventory.img"), Path.Combine(there, "inventory.img"));
        await PageComparison.AssertSame(victim, there);
    }

    [Theory]
    [InlineData("unix")]
    [InlineData("tcp")]
    public async Task A_connection_serves_round_after_round(string kind)
    {
        await using var victim = await Victim.Start("plain", 500);
        using var scratch = new Scratch();
        const int Rounds = 3;
        for (int round = 0; round < Rounds; round++)
            scratch.Folder($"here{round}/there");
        string predump = await PreDumpTool.File();

        await Command.Must(Requires.DebianPython, "-c", SeveralRounds, kind, $"{Rounds}",
            predump, "-q", "--tree", $"{victim.Pid}", "--images-dir", scratch["here{0}"], "--page-server", "--ps-socket", "9",
            "--", predump, "page-server", "-q", "--images-dir", scratch["here{0}/there"], "--ps-socket", "9");

        for (int round = 0; round < Rounds; round++)
            Assert.True(File.Exists(scratch[$"here{round}/there/{ImageNames.PageServerMark}"]));
    }

    [Theory]
    [MemberData(nameof(NoConnections))]
    public async Task A_client_whose_descriptor_is_no_connection_touches_nobody(string made, string reason)
    {
        await using var victim = await Victim.Start("plain");
        var before = VictimState.OfTree(victim);
        using var scratch = new Scratch();
        var result = await WithDescriptor(made, "--tree", $"{victim.Pid}", "--images-dir", scratch.Path,
            "--page-server", "--ps-socket", "9");
        Assert.Contains(reason, Refusal.Line(Refusal.Failure, result));
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Path));
        await VictimState.AssertUnchanged(before, victim);
    }

    [Theory]
    [MemberData(nameof(NoConnections))]
    public async Task A_server_whose_descriptor_is_no_connection_ends(string made, string reason)
    {
        using var scratch = new Scratch();
        Assert.Contains(reason, Refusal.Line(Refusal.Failure,
            await WithDescriptor(made, "page-server", "--images-dir", scratch.Path, "--ps-socket", "9")));
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Path));
    }

    [Theory]
    [InlineData(3)] // the runtime has opened something there by then
    [InlineData(900)]
    public async Task A_descriptor_that_nobody_has_left_open_is_refused(int fd)
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        string[] lines =
        [
            await Refusal.Of(Refusal.Failure, scratch.Path, "--tree", $"{victim.Pid}", "--page-server", "--ps-socket", $"{fd}"),
            Refusal.Line(Refusal.Failure,
                await PreDumpTool.Run("page-server", "--images-dir", scratch.Path, "--ps-socket", $"{fd}")),
        ];
        Assert.All(lines, line => Assert.Contains($"descriptor {fd} ", line));
        Assert.All(lines, line => Assert.EndsWith("(--ps-socket)", line));
    }

    [Theory]
    [InlineData("--rounds", "2")]
    [InlineData("--forever")]
    public async Task A_server_with_a_connection_can_not_listen_too(params string[] options) =>
        Refusal.Line(Refusal.Usage, await PreDumpTool.Run(["page-server", "--ps-socket", "9", .. options]));

    private static async Task<CommandResult> WithDescriptor(string made, params string[] arguments)
    {
        Requires.Program(Requires.DebianPython, "python3");
        return await Command.Run(Requires.DebianPython, ["-c", OneSide, made, await PreDumpTool.File(), .. arguments]);
    }
}
