using System.Diagnostics;
using System.Globalization;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>What systemd does for a socket unit, without systemd: it makes the socket, and keeps it while services come and go.
/// Each service gets it as descriptor 3 and is told so by LISTEN_FDS and LISTEN_PID.</summary>
internal sealed class SocketUnit : IAsyncDisposable
{
    // Each line that it reads starts the service; the line that it writes then is the service's pid, and later its exit status.
    private const string Script = """
        import os, socket, sys
        made = eval(sys.argv[1])
        number = made if type(made) is int else made.fileno()
        print(made.getsockname()[1] if getattr(made, "family", 0) in (socket.AF_INET, socket.AF_INET6) else 0, flush=True)
        for line in sys.stdin:
            pid = os.fork()
            if pid == 0:
                for to in range(3, 3 + int(sys.argv[2])):
                    os.dup2(number, to)
                    os.set_inheritable(to, True) # dup2(3, 3) does nothing
                os.environ.update(LISTEN_FDS=sys.argv[2], LISTEN_FDNAMES="pages", LISTEN_PID=str(os.getpid()))
                os.execv(sys.argv[3], sys.argv[3:])
            print(pid, flush=True)
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
        """;

    private readonly Process _process;
    private readonly Task<string> _errors;
    private int _service;

    private SocketUnit(Process process, int port)
    {
        (_process, Port) = (process, port);
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>The socket's port; 0 if it has none.</summary>
    public int Port { get; }

    /// <param name="made">The socket, an expression of Python.</param>
    /// <param name="number">How many sockets there are; all are the same.</param>
    /// <param name="service">The page server's options.</param>
    public static async Task<SocketUnit> Listen(string made, int number, params string[] service)
    {
        Requires.Program(Requires.DebianPython, "python3");
        var process = await Command.Start(Requires.DebianPython,
            ["-c", Script, made, $"{number}", await PreDumpTool.File(), "page-server", .. service]);
        return new SocketUnit(process, await Number(process));
    }

    /// <summary>Starts the service; returns its pid.</summary>
    public async Task<int> Start()
    {
        await _process.StandardInput.WriteLineAsync();
        await _process.StandardInput.FlushAsync();
        return _service = await Number(_process);
    }

    /// <summary>The next line on the service's standard output.</summary>
    public async Task<string?> Line() =>
        await Eventually.Within(_process.StandardOutput.ReadLineAsync(), "a line of the service");

    /// <summary>The exit code of the service, which prints nothing more; below 0: the signal that ended it.</summary>
    public async Task<int> Exited()
    {
        int exitCode = await Number(_process);
        _service = 0;
        return exitCode;
    }

    /// <summary>What all services have written to standard error; no more can be started.</summary>
    public async Task<string> Errors()
    {
        _process.StandardInput.Close();
        return await Eventually.Within(_errors, "the end of the socket unit");
    }

    public async ValueTask DisposeAsync()
    {
        if (_service > 1)
            Signal.Send(_service, Signal.Kill);
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task<int> Number(Process process) => int.Parse(
        await Eventually.Within(process.StandardOutput.ReadLineAsync(), "a number") ?? "", CultureInfo.InvariantCulture);
}
