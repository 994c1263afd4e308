using System.Globalization;
using System.Text.Json;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.Series;

/// <summary>`predump checkpoint` with a criu that is played, on a kernel that marks no page (see <see cref="RoundsTests"/>):
/// what it is asked for, what it is answered, and what is said of it. (With the real criu: tests/vm/checkpoint.py, ways.py,
/// storm.py.)</summary>
public sealed class CheckpointTests
{
    // It notes how it was called and what it was asked, makes images that have a parent and no pages, and does as a file in its
    // directory says: "miss" (once), "die", "no-inventory", "wait". What a dump costs can't be measured with it.
    private const string Criu = """
        #!/usr/bin/python3
        import json, os, shutil, socket, sys, time
        here = os.path.dirname(os.path.realpath(__file__))
        has = lambda name: os.path.exists(here + "/" + name)
        if "check" in sys.argv:
            sys.exit(1 if "--external=unknown" in sys.argv else 0)
        if has("die") or "--prev-images-dir" not in sys.argv:
            sys.exit(3)
        from pycriu import rpc_pb2 as rpc
        engine = socket.socket(fileno=int(sys.argv[-1]))
        request = rpc.criu_req.FromString(engine.recv(1 << 20))
        peer, opts = os.getppid(), request.opts
        images = os.path.realpath(f"/proc/{peer}/fd/{opts.images_dir_fd}")
        with open(here + "/noted", "w") as file:
            json.dump(dict(words=sys.argv[1:], images=images, pid=opts.pid, level=opts.log_level, dump=request.type == rpc.DUMP,
                notified=opts.notify_scripts, apart=os.getsid(0) == os.getpid(), config=os.getenv("CRIU_CONFIG_FILE")), file)
        log = open(images + "/dump.log", "w")
        def end(success, error=""):
            log.write(f"(00.1) Error (criu/x.c:1): {error}\n" if error else "")
            log.close()
            engine.send(rpc.criu_resp(type=rpc.DUMP, success=success).SerializeToString())
            sys.exit(0 if success else 1)
        def may_go_on(script):
            engine.send(rpc.criu_resp(type=rpc.NOTIFY, success=True, notify=rpc.criu_notify(script=script)).SerializeToString())
            return rpc.criu_req.FromString(engine.recv(1 << 20)).notify_success
        if not may_go_on("pre-dump"):
            end(False, "RPC client reported script error")
        shutil.copy(here + "/stats-dump", images)
        if has("miss"):
            os.unlink(here + "/miss")
            end(False, "Missing 7f0000000000 in parent pagemap")
        os.symlink(sys.argv[sys.argv.index("--prev-images-dir") + 1], images + "/parent")
        if not has("no-inventory"):
            shutil.copy(images + "/parent/inventory.img", images)
        if has("wait"):
            open(here + "/waits", "w").close()
            while os.getppid() == peer:
                time.sleep(0.01)
        try:
            good = may_go_on("post-dump")
        except Exception:
            open(here + "/alone", "w").close()
            sys.exit(1)
        end(good, "" if good else "RPC client reported script error")
        """;

    [Fact]
    public async Task Criu_is_asked_by_request_and_told_the_options_on_its_command_line()
    {
        await using var scene = await Scene.Create();

        var result = await scene.Checkpoint(["--leave-running"], "-v4", "-j", "--external", "a b");

        Assert.True(result.ExitCode == 0, result.ToString());
        var noted = scene.Noted;
        Assert.Equal(["--no-default-config", "--track-mem", "--prev-images-dir", "../1", "--leave-running", "--images-dir",
            scene.Images, "--log-file", "dump.log", "--shell-job", "--external=a b", "swrk"],
            noted.GetProperty("words").Deserialize<string[]>()![..^1]);
        Assert.Equal(scene.Images, noted.GetProperty("images").GetString());
        Assert.Equal(scene.Victim.Pid, noted.GetProperty("pid").GetInt32());
        Assert.Equal(4, noted.GetProperty("level").GetInt32());
        Assert.Equal("/dev/null", noted.GetProperty("config").GetString());
        Assert.All((string[])["dump", "notified", "apart"], name => Assert.True(noted.GetProperty(name).GetBoolean(), name));
        Assert.Contains($"restore it with: criu restore -D {scene.Images} --shell-job", result.Output);
        Assert.Contains("total_us=", File.ReadAllText(scene.ProofLog));
    }

    [Fact]
    public async Task An_action_script_of_the_users_is_called_as_criu_calls_it()
    {
        await using var scene = await Scene.Create();
        string script = scene.Script("echo \"$CRTOOLS_SCRIPT_ACTION $CRTOOLS_IMAGE_DIR $CRTOOLS_INIT_PID $PWD\" >> \"$TOLD\"");

        var result = await scene.Checkpoint([], "--action-script", script);

        Assert.True(result.ExitCode == 0, result.ToString());
        string rest = $"{scene.Images} {scene.Victim.Pid} {scene.Images}\n";
        Assert.Equal($"pre-dump {rest}post-dump {rest}", File.ReadAllText(scene.Told));
    }

    [Fact]
    public async Task An_action_script_that_fails_ends_the_dump()
    {
        await using var scene = await Scene.Create();
        var result = await scene.Checkpoint([], "--action-script", scene.Script("exit 7"));
        string reason = $"the action script {scene.Script("exit 7")} has ended with exit code 7 at pre-dump, so the tree runs on";
        Assert.Contains(reason, Refusal.Line(Refusal.Failure, result));
        Assert.Contains($"Error (predump): {reason}", File.ReadAllText(scene.CriusLog));
    }

    [Fact]
    public async Task A_dump_that_can_not_be_proved_is_refused_with_the_reason()
    {
        await using var scene = await Scene.Create("no-inventory");
        string error = Refusal.Line(Refusal.Failure, await scene.Checkpoint([]));
        Assert.Contains("predump could not prove the dump, so the tree runs on: ", error);
        Assert.Contains($"the rounds up to {scene.Home}/1 are complete", error);
        Assert.Contains("Error (predump): predump could not prove the dump", File.ReadAllText(scene.CriusLog));
    }

    [Fact]
    public async Task A_dump_that_misses_pages_of_the_parent_is_tried_again_upon_another_round()
    {
        await using var scene = await Scene.Create("miss");
        var result = await scene.Checkpoint([]);
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains($"restore it with: criu restore -D {scene.Home}/4", result.Output);
        Assert.True(File.Exists(Path.Combine(scene.Home, "3", ImageNames.Inventory)));
    }

    [Fact]
    public async Task A_criu_that_ends_without_an_answer_is_reported()
    {
        await using var scene = await Scene.Create("die");
        Assert.Contains("criu dump has ended with exit code 3, and the tree runs on: ",
            Refusal.Line(Refusal.Failure, await scene.Checkpoint([])));
    }

    /// <summary>criu finds nobody at its socket then, and lets the tree live.</summary>
    [Fact]
    public async Task A_predump_that_is_killed_leaves_criu_alone()
    {
        await using var scene = await Scene.Create("wait");
        using var predump = await scene.Start();
        await Eventually(() => File.Exists(scene.Of("waits")));
        predump.Kill();
        await predump.WaitForExitAsync(TestContext.Current.CancellationToken);
        await Eventually(() => File.Exists(scene.Of("alone")));
    }

    [Theory]
    [InlineData(2, "-D /x can't stand behind --", "-D", "/x")]
    [InlineData(2, "there is no option --no-such", "--no-such")]
    [InlineData(1, "does not take the options behind --", "--external", "unknown")]
    public async Task What_criu_does_not_take_is_said_before_the_first_round(int exitCode, string why, params string[] options)
    {
        await using var scene = await Scene.Create();
        Assert.Contains(why, Refusal.Line(exitCode, await scene.Checkpoint([], options)));
        Assert.False(Directory.Exists(scene.Home + "/1"));
    }

    private static async Task Eventually(Func<bool> condition)
    {
        for (var i = 0; i < 3000 && !condition(); i++)
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.True(condition());
    }

    private sealed class Scene : IAsyncDisposable
    {
        private readonly Scratch _criu = new(), _home = new();

        private Scene(Victim victim) => Victim = victim;

        public Victim Victim { get; }

        public string Home => _home["chain"];

        public string Images => Home + "/2";

        public string CriusLog => Images + "/dump.log";

        public string ProofLog => Images + "/predump-post-dump.log";

        public string Told => _home["told"];

        public JsonElement Noted => JsonDocument.Parse(File.ReadAllText(_criu["noted"])).RootElement;

        public static async Task<Scene> Create(string? does = null)
        {
            Requires.Root();
            Requires.NoSoftDirty();
            Requires.Program(Requires.DebianPython, "python3");
            var scene = new Scene(await Victim.Start("plain", 100));
            Executable(scene._criu["criu"], Criu);
            var stats = new byte[StatsImage.MaxBytes];
            File.WriteAllBytes(scene._criu["stats-dump"],
                stats[..StatsImage.Write(stats, new DumpStats { FrozenMicroseconds = 50_000 })]);
            if (does is not null)
                File.WriteAllText(scene._criu[does], "");
            return scene;
        }

        public string Of(string name) => _criu[name];

        public string Script(string text) => Executable(_home["script"], "#!/bin/sh\n" + text + "\n");

        public async Task<CommandResult> Checkpoint(string[] more, params string[] criu) =>
            await Command.Run(await PreDumpTool.File(), Words(more, criu), environment: Variables);

        public async Task<System.Diagnostics.Process> Start() =>
            await Command.Start(await PreDumpTool.File(), Words([], []), environment: Variables);

        public async ValueTask DisposeAsync()
        {
            await Victim.DisposeAsync();
            _criu.Dispose();
            _home.Dispose();
        }

        private string[] Words(string[] more, string[] criu) => ["checkpoint", "-t",
            Victim.Pid.ToString(CultureInfo.InvariantCulture), "-D", Home, "--max-rounds", "1", .. more, "--", .. criu];

        private Dictionary<string, string> Variables => new()
        {
            ["LD_PRELOAD"] = Victim.FileOf("softdirty.so"),
            ["PATH"] = $"{_criu.Path}:/usr/bin:/bin",
            ["TOLD"] = Told,
        };

        private static string Executable(string path, string text)
        {
            File.WriteAllText(path, text);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            return path;
        }
    }
}
