using System.Diagnostics;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>Debian's redis-server on a unix socket, kept busy by its own benchmark until the test ends.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly Scratch _scratch = new();
    private Process? _benchmark;

    public Victim Victim { get; private set; } = null!;

    private string Socket => _scratch["redis.sock"];

    public static async Task<RedisServer> Start()
    {
        Requires.Program("/usr/bin/redis-server", "redis-server");
        var server = new RedisServer();
        server.Victim = await Victim.Program("/usr/bin/redis-server", "--port", "0", "--unixsocket", server.Socket,
            "--save", "", "--appendonly", "no", "--dir", server._scratch.Path);
        try
        {
            await Eventually.True(() => File.Exists(server.Socket), "redis listens");
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Fills 20,000 keys and lets the benchmark write and read them repeatedly.</summary>
    public async Task KeepBusy()
    {
        await Benchmark("-n", "20000");
        _benchmark = await Command.Start("/usr/bin/redis-benchmark", Options("-n", "2000000000"));
        _benchmark.OutputDataReceived += (_, _) => { };
        _benchmark.BeginOutputReadLine();
    }

    public async Task StopBenchmark()
    {
        Signal.Send(_benchmark!.Id, Signal.Kill);
        await _benchmark.WaitForExitAsync();
    }

    /// <summary>The number of commands served so far.</summary>
    public async Task<long> Served() =>
        long.Parse((await Ask("INFO", "stats")).Split('\n')
            .First(line => line.StartsWith("total_commands_processed:", StringComparison.Ordinal)).Split(':')[1]);

    public async Task<string> Ask(params string[] command) =>
        (await Command.Must("/usr/bin/redis-cli", ["-s", Socket, .. command])).Trim();

    public async ValueTask DisposeAsync()
    {
        if (_benchmark is { HasExited: false })
            await StopBenchmark();
        await Victim.DisposeAsync();
        _scratch.Dispose();
    }

    private Task<string> Benchmark(params string[] more) => Command.Must("/usr/bin/redis-benchmark", Options(more));

    private string[] Options(params string[] more) =>
        ["-s", Socket, "-q", "-t", "set,get", "-r", "20000", "-d", "512", "-c", "4", .. more];
}
