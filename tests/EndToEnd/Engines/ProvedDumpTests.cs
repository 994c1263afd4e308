using System.Text.Json;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.Engines;

/// <summary>Final dumps through an engine: predump proves and mends them before the tree is killed, and the engine sees what
/// criu says. The real criu is played, since it needs a kernel that tracks changes; the images are those of a
/// <see cref="HandmadeDump"/>. (With real engines: tests/vm/engines.)</summary>
public sealed class ProvedDumpTests
{
    // It notes what it was asked, by whom, and which directory its images go to.
    private const string Criu = """
        #!/usr/bin/python3
        import json, os, socket, struct, sys
        from pycriu import rpc_pb2 as rpc
        def note(**what):
            with open(os.path.dirname(__file__) + "/noted", "w") as file:
                json.dump(what, file)
        if sys.argv[1] != "swrk":
            note(words=sys.argv[1:])
            sys.exit(0)
        engine = socket.socket(fileno=int(sys.argv[2]))
        request = rpc.criu_req.FromString(engine.recv(1 << 20))
        peer = struct.unpack("3i", engine.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        opts = request.opts
        images, work = (os.path.realpath(f"/proc/{peer}/fd/{fd}") for fd in (opts.images_dir_fd, opts.work_dir_fd))
        note(peer=peer, images=images, work=work, root=opts.root, notified=opts.notify_scripts)
        log = open(work + "/dump.log", "a")
        log.write("as criu\n")
        log.flush()
        if os.path.exists(images + "/die"):
            sys.exit(1)
        def may_go_on(script):
            if not opts.notify_scripts:
                return True
            engine.send(rpc.criu_resp(type=rpc.NOTIFY, success=True,
                notify=rpc.criu_notify(script=script, pid=opts.pid)).SerializeToString())
            return rpc.criu_req.FromString(engine.recv(1 << 20)).notify_success
        good = may_go_on("pre-dump") and may_go_on("post-dump")
        engine.send(rpc.criu_resp(type=rpc.DUMP, success=good).SerializeToString())
        sys.exit(0 if good else 1)
        """;

    private static readonly object s_goOn = new { type = "NOTIFY", notify_success = true };

    [Fact]
    public async Task A_page_that_was_moved_is_mended_before_the_engine_hears_that_the_dump_is_there()
    {
        await using var scene = await Scene.Create();
        scene.Spoil();

        var result = await scene.Ask(scene.Dump(), s_goOn, s_goOn);

        Assert.Equal(["pre-dump", "post-dump", "DUMP True"], result.Answers.Select(Said));
        Assert.Equal(0, result.ExitCode);
        await scene.Images.AssertProved();
        Assert.Contains("pages_mended=1 ", scene.Log);
        var noted = scene.Noted;
        Assert.Equal((scene.Images.Final, scene.Images.WorkDirectory, "/"), (noted.GetProperty("images").GetString(),
            noted.GetProperty("work").GetString(), noted.GetProperty("root").GetString()));
    }

    /// <summary>crun's libcriu wants no notifications.</summary>
    [Fact]
    public async Task An_engine_that_is_not_notified_hears_of_nothing_but_the_answer()
    {
        await using var scene = await Scene.Create();
        scene.Spoil();

        var result = await scene.Ask(scene.Dump(new { notify_scripts = false }));

        result.AssertDone("DUMP");
        await scene.Images.AssertProved();
        Assert.Contains("pages_mended=1 ", scene.Log);
    }

    /// <summary>containerd names no parent: /etc/criu/runc.conf does, which runc hands on.</summary>
    [Fact]
    public async Task A_parent_that_the_configuration_file_names_is_as_good()
    {
        await using var scene = await Scene.Create();
        using var scratch = new Scratch();
        File.WriteAllText(scratch["runc.conf"], "prev-images-dir ../1\ntrack-mem\n");
        scene.Spoil();

        var result = await scene.Ask(scene.Dump(new { parent_img = "../0", config_file = scratch["runc.conf"] }), s_goOn, s_goOn);

        Assert.Equal(["pre-dump", "post-dump", "DUMP True"], result.Answers.Select(Said));
        Assert.Contains("pages_mended=1 ", scene.Log);
    }

    [Fact]
    public async Task A_dump_that_can_not_be_proved_fails_and_the_engine_is_told_why()
    {
        await using var scene = await Scene.Create();
        File.Delete(Path.Combine(scene.Images.Round, ImageNames.Pages(1)));

        var result = await scene.Ask(scene.Dump(), s_goOn);

        Assert.Equal(["pre-dump", "DUMP False"], result.Answers.Select(Said));
        var message = result.Answers[1].GetProperty("cr_errmsg").GetString();
        Assert.StartsWith("predump could not prove the dump, so the tree runs on: ", message);
        Assert.Contains(ImageNames.Pages(1), message);
        Assert.Equal($"as criu\nError (predump): {message}\n", scene.CriusLog);
        Assert.False(File.Exists(scene.Images.Inventory));
        Assert.True(File.Exists(scene.Images.Unproved));
    }

    [Fact]
    public async Task A_criu_that_ends_without_an_answer_is_reported()
    {
        await using var scene = await Scene.Create();
        File.WriteAllText(Path.Combine(scene.Images.Final, "die"), "");

        var (number, message) = (await scene.Ask(scene.Dump())).Refusal("DUMP");

        Assert.Equal(5, number);
        Assert.Contains("has ended without an answer (exit code 1)", message);
    }

    [Fact]
    public async Task An_engine_that_hangs_up_in_between_ends_the_dump()
    {
        await using var scene = await Scene.Create();
        var result = await scene.Ask(scene.Dump());
        Assert.Equal(["pre-dump"], result.Answers.Select(Said));
        Assert.NotEqual(0, result.ExitCode);
        Assert.True(File.Exists(scene.Images.Inventory)); // as criu has left it: nothing was proved yet
    }

    /// <summary>What predump does not prove, it has no part in.</summary>
    [Theory]
    [InlineData("a round of criu's")]
    [InlineData("no parent")]
    [InlineData("a page server")]
    [InlineData("lazy pages")]
    [InlineData("more requests")]
    public async Task Another_dump_is_between_the_engine_and_criu_alone(string which)
    {
        await using var scene = await Scene.Create();
        object dump = which switch
        {
            "no parent" => scene.Dump(new { parent_img = "" }),
            "a page server" => scene.Dump(new { ps = new { address = "127.0.0.1", port = 1 } }),
            "lazy pages" => scene.Dump(new { lazy_pages = true }),
            "more requests" => scene.Dump(keepOpen: true),
            _ => scene.Dump(),
        };
        if (which == "a round of criu's")
            File.Delete(scene.Ledger);
        scene.Spoil();

        var (criu, finished) = await scene.Engine.Begin(dump, s_goOn, s_goOn);
        var result = await finished;

        Assert.Equal(["pre-dump", "post-dump", "DUMP True"], result.Answers.Select(Said));
        Assert.NotEqual(criu, scene.Noted.GetProperty("peer").GetInt32());
        Assert.False(File.Exists(Path.Combine(scene.Images.WorkDirectory, "predump-post-dump.log")));
    }

    [Fact]
    public async Task By_command_line_predump_becomes_one_more_action_script()
    {
        await using var scene = await Scene.Create();
        string[] words = ["-t", "1", "-D", scene.Images.Final, "--prev-images-dir", "../1", "--action-script", "/own", "-v4"];
        string[] proved = ["dump", "--action-script", await PreDumpTool.File(), .. words];
        await AssertPassed(proved, ["dump", .. words]);
        string[][] unproved = [["--page-server"], ["--lazy-pages"], ["--no-such-option"], ["--prev-images-dir", "../0"]];
        foreach (var more in unproved)
            await AssertPassed(["dump", .. words, .. more], ["dump", .. words, .. more]);

        async Task AssertPassed(string[] expected, string[] given)
        {
            var environment = new Dictionary<string, string> { ["PATH"] = scene.Engine.SearchPath };
            await Command.Run(scene.Engine.Criu, given, environment: environment);
            Assert.Equal(expected, scene.Noted.GetProperty("words").Deserialize<string[]>());
        }
    }

    private static string Said(JsonElement answer) => answer.ValueKind != JsonValueKind.Object ? "nothing"
        : answer.TryGetProperty("notify", out var notify) ? notify.GetProperty("script").GetString()!
        : $"{answer.GetProperty("type").GetString()} {answer.GetProperty("success").GetBoolean()}";

    // A stopped victim, its images as criu has them at post-dump, and an engine with a criu that is played.
    private sealed class Scene : IAsyncDisposable
    {
        private readonly Scratch _criu = new();

        private Scene(Engine engine, Victim victim, HandmadeDump images) => (Engine, Victim, Images) = (engine, victim, images);

        public Engine Engine { get; }

        public Victim Victim { get; }

        public HandmadeDump Images { get; }

        public string Ledger => Path.Combine(Images.Round, ImageNames.Frames);

        public string Log => Images.Log;

        public string CriusLog => File.ReadAllText(Path.Combine(Images.WorkDirectory, "dump.log"));

        public JsonElement Noted => JsonDocument.Parse(File.ReadAllText(_criu["noted"])).RootElement;

        public static async Task<Scene> Create()
        {
            var engine = await Engine.Create();
            var victim = await Victim.Start("plain", 100);
            var scene = new Scene(engine, victim, await HandmadeDump.Take(victim));
            if (!File.Exists(scene.Ledger)) // a kernel without soft-dirty: all pages are compared then
                File.WriteAllText(scene.Ledger, "");
            File.WriteAllText(scene._criu["criu"], Criu);
            File.SetUnixFileMode(scene._criu["criu"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
            engine.SearchPath = $"{engine.Folder}:{scene._criu.Path}:/usr/bin:/bin";
            return scene;
        }

        public void Spoil() => HandmadeDump.Spoil(Victim.Pid, Images.Largest(Victim.Pid).Vaddr);

        public Task<EngineResult> Ask(params object[] requests) => Engine.Ask(requests);

        public object Dump(object? more = null, bool keepOpen = false)
        {
            var options = new Dictionary<string, object>
            {
                ["parent_img"] = "../1",
                ["work_dir_fd"] = "fd:" + Images.WorkDirectory,
            };
            foreach (var property in more?.GetType().GetProperties() ?? [])
                options[property.Name] = property.GetValue(more)!;
            return Engine.Request("DUMP", Victim.Pid, Images.Final, options, keepOpen);
        }

        public async ValueTask DisposeAsync()
        {
            Engine.Dispose();
            Images.Dispose();
            _criu.Dispose();
            await Victim.DisposeAsync();
        }
    }
}
