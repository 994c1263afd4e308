using System.Text.Json;
using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>A container engine: it starts criu, which is predump, and talks to it over one end of a SOCK_SEQPACKET pair. The
/// requests are encoded, and the answers decoded, by criu's own Python module.</summary>
internal sealed class Engine : IDisposable
{
    // "fd:PATH" stands for a descriptor of a directory that the engine has opened.
    private const string Program = """
        import json, os, socket, subprocess, sys
        from google.protobuf import json_format
        from pycriu import rpc_pb2
        case = json.load(sys.stdin)
        def opened(value):
            if isinstance(value, dict):
                return {key: opened(inner) for key, inner in value.items()}
            return os.open(value[3:], os.O_RDONLY) if isinstance(value, str) and value.startswith("fd:") else value
        def packet(request):
            if "raw" in request:
                return bytes.fromhex(request["raw"])
            return json_format.ParseDict(opened(request), rpc_pb2.criu_req()).SerializePartialToString()
        packets = [packet(request) for request in case["requests"]]
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(120)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        errors, errors_in = os.pipe()
        here, there = socket.create_server(("127.0.0.1", 0)), None
        if case["servers"]:
            here, there = socket.create_connection(here.getsockname()), here.accept()[0]
        def served(index):
            return subprocess.Popen(case["servers"][index], close_fds=False, preexec_fn=lambda: os.dup2(there.fileno(), 9))
        pid = os.fork()
        if pid == 0:
            os.dup2(theirs.fileno(), 200)
            os.dup2(errors_in, 2)
            os.dup2(here.fileno(), 201)
            os.closerange(3, 200)
            if case["servers"]:
                os.dup2(201, 9)
            os.close(201)
            for number in case["taken"]:
                os.dup2(os.open("/dev/null", os.O_RDWR), number)
            os.dup2(200, case["fd"])
            os.close(200)
            os.chdir(case["cwd"])
            os.execve(case["criu"], ["criu", "swrk", str(case["fd"])], case["environment"])
        theirs.close()
        os.close(errors_in)
        print(pid, flush=True)
        answers = []
        for index, each in enumerate(packets):
            server = served(index) if case["servers"] else None
            try:
                ours.send(each)
                got = ours.recv(1 << 20)
                answers.append(got and json_format.MessageToDict(
                    rpc_pb2.criu_resp.FromString(got), preserving_proto_field_name=True) or None)
            except OSError:
                answers.append(None)
            if server and server.wait():
                answers.append(None)
        ours.close()
        with open(errors) as pipe:
            said = pipe.read()
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"answers": answers, "exit": os.waitstatus_to_exitcode(status), "errors": said}))
        """;

    private readonly Scratch _scratch = new();

    private Engine(string predump)
    {
        Folder = _scratch.Folder("bin");
        Criu = Path.Combine(Folder, "criu");
        File.CreateSymbolicLink(Criu, predump);
        SearchPath = $"{Folder}:/usr/sbin:/usr/bin";
    }

    /// <summary>The directory with predump as criu.</summary>
    public string Folder { get; }

    /// <summary>predump as criu.</summary>
    public string Criu { get; }

    /// <summary>PATH, which is all of the environment.</summary>
    public string SearchPath { get; set; }

    /// <summary>The socket's number in criu.</summary>
    public int Socket { get; set; } = 3;

    /// <summary>Descriptors that criu is started with as well.</summary>
    public int[] Taken { get; set; } = [];

    /// <summary>For each request a page server that is given descriptor 9, the other end of criu's descriptor 9; empty:
    /// none.</summary>
    public string[][] PageServers { get; set; } = [];

    /// <summary>What criu is started through; empty: nothing.</summary>
    public string[] Through { get; set; } = [];

    public static async Task<Engine> Create()
    {
        Requires.Program(Requires.DebianPython, "python3");
        var pycriu = await Command.Run(Requires.DebianPython, ["-c", "import pycriu.rpc_pb2"]);
        Assert.SkipUnless(pycriu.ExitCode == 0, "needs pycriu (package criu)");
        return new Engine(await PreDumpTool.File());
    }

    /// <summary>Sends requests, one after another, to one criu.</summary>
    public async Task<EngineResult> Ask(params object[] requests) => await (await Begin(requests)).Result;

    /// <summary>The same without waiting for the answers; also the pid of criu.</summary>
    public async Task<(int Criu, Task<EngineResult> Result)> Begin(params object[] requests)
    {
        string[] words = [.. Through, Requires.DebianPython, "-c", Program];
        var engine = await Command.Start(words[0], words[1..]);
        await engine.StandardInput.WriteAsync(JsonSerializer.Serialize(new
        {
            requests,
            criu = Criu,
            fd = Socket,
            taken = Taken,
            servers = PageServers,
            cwd = "/",
            environment = new { PATH = SearchPath },
        }));
        engine.StandardInput.Close();
        var pid = await engine.StandardOutput.ReadLineAsync();
        if (pid is null)
            throw new InvalidOperationException(await engine.StandardError.ReadToEndAsync());
        return (int.Parse(pid), Finish());

        async Task<EngineResult> Finish()
        {
            using (engine)
            {
                var text = await engine.StandardOutput.ReadToEndAsync();
                Assert.True(text.Length > 0, await engine.StandardError.ReadToEndAsync());
                var result = JsonDocument.Parse(text).RootElement;
                return new EngineResult([.. result.GetProperty("answers").EnumerateArray()],
                    result.GetProperty("exit").GetInt32(), result.GetProperty("errors").GetString()!);
            }
        }
    }

    /// <summary>A request as runc sends it.</summary>
    public static object PreDump(int pid, string images, object? more = null, string type = "PRE_DUMP") =>
        Request(type, pid, images,
            more?.GetType().GetProperties().ToDictionary(one => one.Name, one => one.GetValue(more)!) ?? []);

    /// <summary>The same, of any type.</summary>
    public static object Request(string type, int pid, string images, Dictionary<string, object> more, bool keepOpen = false)
    {
        var options = new Dictionary<string, object>
        {
            ["images_dir_fd"] = "fd:" + images,
            ["pid"] = pid,
            ["log_level"] = 4,
            ["log_file"] = "dump.log",
            ["notify_scripts"] = true,
            ["root"] = "/",
            ["track_mem"] = true,
            ["manage_cgroups"] = true,
            ["orphan_pts_master"] = true,
            ["config_file"] = "/nowhere/runc.conf",
        };
        foreach (var (name, value) in more)
            options[name] = value;
        return new { type, opts = options, keep_open = keepOpen };
    }

    public void Dispose() => _scratch.Dispose();
}

/// <summary>What an engine got.</summary>
/// <param name="Answers">For each request; null where the other side had hung up.</param>
/// <param name="ExitCode">criu's; negative: the signal that killed it.</param>
/// <param name="Errors">Its standard error.</param>
internal sealed record EngineResult(JsonElement[] Answers, int ExitCode, string Errors)
{
    /// <summary>The one answer, which says no: its number and its message.</summary>
    public (int Number, string Message) Refusal(string type = "PRE_DUMP")
    {
        var answer = Assert.Single(Answers);
        Assert.True(answer.ValueKind == JsonValueKind.Object, $"no answer, exit code {ExitCode}: {Errors}");
        Assert.Equal(type, answer.GetProperty("type").GetString());
        Assert.False(answer.GetProperty("success").GetBoolean());
        return (answer.GetProperty("cr_errno").GetInt32(), answer.GetProperty("cr_errmsg").GetString()!);
    }

    /// <summary>Checks that each answer says yes, and that nothing was said on standard error.</summary>
    public void AssertDone(params string[] types)
    {
        Assert.Equal("", Errors);
        Assert.Equal(types, Answers.Select(answer => answer.GetProperty("type").GetString()));
        Assert.All(Answers, answer => Assert.True(answer.GetProperty("success").GetBoolean(), answer.ToString()));
    }
}
