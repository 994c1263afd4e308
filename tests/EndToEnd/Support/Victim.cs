using System.Diagnostics;
using System.Threading.Channels;
using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>
/// A process started to be pre-dumped: one of tests/victims or a real program. It is killed, with all its descendants and by
/// pid, when the test is over. Tests never trace it; only the tool does.
/// </summary>
internal sealed class Victim : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly List<string> _errors = [];
    private readonly string? _output; // the pipe to us, in which it writes, and all that it ever forked
    private bool _isDisposed;

    private Victim(Process process)
    {
        _process = process;
        Pid = process.Id;
        _output = ProcessView.OutputPipe(Pid);
        process.OutputDataReceived += (_, e) =>
        {
            if (e.Data is null)
                _lines.Writer.TryComplete();
            else
                _lines.Writer.TryWrite(e.Data);
        };
        process.ErrorDataReceived += (_, e) =>
        {
            lock (_errors)
                _errors.Add(e.Data ?? "");
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The root of the tree to pre-dump: the pid that READY named, or else the process itself.</summary>
    public int Pid { get; private set; }

    /// <summary>The process that was started, which need not be part of the tree.</summary>
    public int Starter => _process.Id;

    public bool HasExited => _process.HasExited;

    public List<int> Tree => ProcessView.LivingTree(Pid);

    public static string FileOf(string name) => Path.Combine(AppContext.BaseDirectory, "victims", name);

    /// <summary>Starts tests/victims/name.c and waits until its memory is set up; skips the test if that is impossible.</summary>
    public static Task<Victim> Start(string name, params object[] arguments) =>
        Ready(FileOf(name), [.. arguments.Select(argument => argument.ToString()!)]);

    /// <summary>The same for a victim that another program starts.</summary>
    public static async Task<Victim> Ready(string file, params string[] arguments)
    {
        var victim = await Program(file, arguments);
        try
        {
            var line = await victim.Line();
            if (line.StartsWith("SKIP ", StringComparison.Ordinal))
                Assert.Skip($"{Path.GetFileName(file)}: {line[5..]}");
            Assert.StartsWith("READY ", line);
            victim.Pid = int.Parse(line[6..]);
            return victim;
        }
        catch
        {
            await victim.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts any program; the test itself has to wait until it is ready.</summary>
    public static async Task<Victim> Program(string file, params string[] arguments) =>
        new(await Command.Start(file, arguments, Path.GetTempPath()));

    /// <summary>The next line on the victim's standard output.</summary>
    public async Task<string> Line()
    {
        try
        {
            return await Eventually.Within(_lines.Reader.ReadAsync().AsTask(), $"a line of {_process.StartInfo.FileName}");
        }
        catch (ChannelClosedException)
        {
            await _process.WaitForExitAsync();
            lock (_errors)
                throw new InvalidOperationException($"victim ended with {_process.ExitCode}: {string.Join('\n', _errors)}");
        }
    }

    /// <summary>Stops the whole tree by SIGSTOP, so that its memory does not change during a comparison.</summary>
    public async Task Stop()
    {
        var looks = 0;
        await Eventually.True(() =>
        {
            // Again, for new children; all are continued first, as a stopped vfork child keeps its parent from stopping.
            if (looks++ % 200 == 0)
            {
                if (looks > 1)
                    Continue();
                foreach (var pid in Tree)
                    Signal.Send(pid, Signal.Stop);
            }
            return Tree.TrueForAll(AllStopped) && Tree.TrueForAll(AllStopped); // no process can be created after the first check
        }, "the victim's threads stop");
    }

    public void Continue()
    {
        foreach (var pid in Tree)
            Signal.Send(pid, Signal.Continue);
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        foreach (var pid in ProcessView.Tree(_process.Id))
            Signal.Send(pid, Signal.Kill);
        // Who has left the tree may have been stopped in it, and would hold our end of the output open for ever.
        foreach (var pid in _output is null ? [] : ProcessView.All().Where(pid => ProcessView.OutputPipe(pid) == _output))
            Signal.Send(pid, Signal.Kill);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static bool AllStopped(int pid) =>
        Array.TrueForAll(ProcessView.Threads(pid), thread => ProcessView.State(pid, thread) is 'T' or 'Z' or 'X' or '-');
}
