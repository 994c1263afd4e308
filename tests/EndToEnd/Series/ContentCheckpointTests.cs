using System.Globalization;
using System.Text.Json;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.Series;

/// <summary>`predump rounds` and `predump checkpoint` by content, on any kernel, with a criu that is played: it sends the memory
/// of the tree to the page server that it is told of, as criu does, and what the rounds have is left to them. (With the real
/// criu: tests/vm/content.py.)</summary>
public sealed class ContentCheckpointTests
{
    // It sends all memory that the last round has, as it is now. "hang-up": it ends in the middle of that.
    private const string Criu = """
        #!/usr/bin/python3
        import json, os, shutil, socket, struct, sys
        here = os.path.dirname(os.path.realpath(__file__))
        has = lambda name: os.path.exists(here + "/" + name)
        if "check" in sys.argv:
            sys.exit(0)
        if "--ps-socket" not in sys.argv:
            sys.exit(3)
        import pycriu
        from pycriu import rpc_pb2 as rpc
        engine = socket.socket(fileno=int(sys.argv[-1]))
        request = rpc.criu_req.FromString(engine.recv(1 << 20))
        opts = request.opts
        images = os.path.realpath(f"/proc/{os.getppid()}/fd/{opts.images_dir_fd}")
        with open(here + "/noted", "w") as file:
            json.dump(dict(words=sys.argv[1:]), file)
        def may_go_on(script):
            engine.send(rpc.criu_resp(type=rpc.NOTIFY, success=True, notify=rpc.criu_notify(script=script)).SerializeToString())
            return rpc.criu_req.FromString(engine.recv(1 << 20)).notify_success
        def end(success):
            engine.send(rpc.criu_resp(type=rpc.DUMP, success=success).SerializeToString())
            sys.exit(0 if success else 1)
        if not may_go_on("pre-dump"):
            end(False)
        server = socket.socket(fileno=int(sys.argv[sys.argv.index("--ps-socket") + 1]))
        last = os.path.join(os.path.dirname(images), str(int(os.path.basename(images)) - 1))
        memory = os.open(f"/proc/{opts.pid}/mem", os.O_RDONLY)
        message = lambda command, pages=0, address=0: struct.pack("<IxxxxQQQ", command, pages, address, opts.pid << 8 | 1)
        server.sendall(message(4))
        told = server.recv(1)
        if told != b"\0": # criu would look for the parent's pagemap, and fail
            end(False)
        with open(f"{last}/pagemap-{opts.pid}.img", "rb") as file:
            runs = pycriu.images.load(file)["entries"][1:]
        for run in runs:
            server.sendall(message(4 << 16 | 6, run["nr_pages"], run["vaddr"]))
            for page in range(run["nr_pages"]):
                server.sendall(os.pread(memory, 4096, run["vaddr"] + 4096 * page))
                if has("hang-up"):
                    sys.exit(9)
        server.sendall(struct.pack("<IxxxxQQQ", 0x1024, 0, 0, 0))
        if server.recv(4) != bytes(4):
            end(False)
        for name in "inventory.img", "stats-dump":
            shutil.copy(last + "/" + name, images)
        end(may_go_on("post-dump"))
        """;

    [Fact]
    public async Task What_the_rounds_have_is_left_to_them_by_the_dump()
    {
        await using var victim = await Started("plain", 1000);
        using var scene = new Scene(victim);

        var result = await scene.Run("checkpoint", "--max-rounds", "1", "--json", "--leave-running", "--track", "content");

        Assert.True(result.ExitCode == 0, result.ToString());
        var dump = result.Output.Trim().Split('\n').Select(line => JsonDocument.Parse(line).RootElement)
            .Single(line => line.TryGetProperty("dump", out _)).GetProperty("dump");
        Assert.Equal(0, dump.GetProperty("pages_written").GetInt64());
        Assert.True(dump.GetProperty("pages_in_parent").GetInt64() > 1000, $"{dump}");
        Assert.Equal("../1", new FileInfo(Path.Combine(scene.Home, "2", ImageNames.Parent)).LinkTarget);
        var words = scene.Words;
        Assert.Contains("--page-server", words);
        Assert.DoesNotContain("--track-mem", words);
        Assert.DoesNotContain("--prev-images-dir", words);
        Assert.Equal([Path.Combine(scene.Home, "2")],
            File.ReadAllLines(Path.Combine(scene.Home, "1", ImageNames.ChildrenByContent)));
        var verified = await PreDumpTool.Run("verify", Path.Combine(scene.Home, "2"), "--tree", $"{victim.Pid}");
        Assert.True(verified.ExitCode == 0, verified.ToString());

        // and the next series goes on upon that
        Assert.Equal(0, (await scene.Run("checkpoint", "--max-rounds", "1", "--leave-running", "--track", "content")).ExitCode);
        var again = await PreDumpTool.Run("verify", Path.Combine(scene.Home, "4"), "--tree", $"{victim.Pid}");
        Assert.True(again.ExitCode == 0, again.ToString());
    }

    [Fact]
    public async Task A_criu_that_ends_in_the_middle_leaves_the_rounds_as_they_were()
    {
        await using var victim = await Started("plain", 1000);
        using var scene = new Scene(victim);
        File.WriteAllText(scene.Of("hang-up"), "");

        var result = await scene.Run("checkpoint", "--max-rounds", "1", "--track", "content");

        Assert.Contains("criu dump has ended with exit code 9, and the tree runs on", Refusal.Line(Refusal.Failure, result));
        Assert.False(File.Exists(Path.Combine(scene.Home, "2", ImageNames.Inventory)));
        Assert.Empty(Directory.GetFiles(Path.Combine(scene.Home, "2"), "*.img"));
        Assert.Equal(0, (await PreDumpTool.Run("verify", Path.Combine(scene.Home, "1"))).ExitCode);
        File.Delete(scene.Of("hang-up"));
        var retried = await scene.Run("checkpoint", "--max-rounds", "1", "--leave-running", "--track", "content");
        Assert.True(retried.ExitCode == 0, retried.ToString());
    }

    [Fact]
    public async Task Rounds_end_as_others_do_and_say_what_they_wrote()
    {
        await using var victim = await Started("changes", "write");
        using var scene = new Scene(victim);

        var result = await scene.Run("rounds", "--json", "--max-rounds", "3", "--max-downtime", "0", "--track", "content");

        Assert.Equal(3, result.ExitCode); // nothing is that short
        var lines = result.Output.Trim().Split('\n').Select(line => JsonDocument.Parse(line).RootElement).ToList();
        var rounds = lines.Where(line => line.TryGetProperty("round", out _)).ToList();
        Assert.NotEmpty(rounds[0].GetProperty("areas").EnumerateArray());
        Assert.All(rounds.Skip(1), round => Assert.Equal(0, round.GetProperty("pages_written").GetInt64()));
        Assert.All(rounds, round => Assert.True(round.GetProperty("estimate").GetProperty("stop_us").GetInt64() > 0));
        var verdict = lines[^1].GetProperty("verdict").GetString();
        Assert.Contains(verdict, (string[])["not-converging", "max-rounds"]);
    }

    /// <summary>As the engine or a user began it.</summary>
    [Fact]
    public async Task A_series_that_was_begun_by_content_goes_on_so()
    {
        await using var victim = await Started("plain", 1000);
        using var scene = new Scene(victim);
        Assert.Equal(0, (await scene.Run("rounds", "--max-downtime", "100000", "--track", "content")).ExitCode);
        var result = await scene.Run("rounds", "--max-downtime", "100000");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.True(File.Exists(Path.Combine(scene.Home, "2", ImageNames.ByContent)));
        Assert.Equal("../1", new FileInfo(Path.Combine(scene.Home, "2", ImageNames.Parent)).LinkTarget);
    }

    private static async Task<Victim> Started(string program, object argument)
    {
        Requires.Root();
        Requires.Program(Requires.DebianPython, "python3");
        var victim = await Victim.Start(program, argument);
        await victim.Stop();
        return victim;
    }

    private sealed class Scene : IDisposable
    {
        private readonly Scratch _criu = new(), _home = new();
        private readonly Victim _victim;

        public Scene(Victim victim)
        {
            _victim = victim;
            File.WriteAllText(_criu["criu"], Criu);
            File.SetUnixFileMode(_criu["criu"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        public string Home => _home["chain"];

        public string[] Words => JsonDocument.Parse(File.ReadAllText(Of("noted"))).RootElement.GetProperty("words")
            .Deserialize<string[]>()!;

        public string Of(string name) => _criu[name];

        public async Task<CommandResult> Run(string command, params string[] more) =>
            await Command.Run(await PreDumpTool.File(),
                [command, "-t", _victim.Pid.ToString(CultureInfo.InvariantCulture), "-D", Home, .. more],
                environment: new Dictionary<string, string> { ["PATH"] = $"{_criu.Path}:/usr/bin:/bin" });

        public void Dispose()
        {
            _criu.Dispose();
            _home.Dispose();
        }
    }
}
