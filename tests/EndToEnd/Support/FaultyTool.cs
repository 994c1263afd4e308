using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace PreDump.Tests.EndToEnd.Support;

/// <summary>The tool with tests/victims/preload/faults.c preloaded: a call fails or a signal arrives at one.</summary>
internal sealed class FaultyTool : IDisposable
{
    private readonly Scratch _scratch = new();

    private string Report => _scratch["report"];

    /// <summary>Further environment variables of the tool.</summary>
    public Dictionary<string, string> More { get; } = [];

    /// <summary>Its working directory; null: the current one.</summary>
    public string? Directory { get; set; }

    /// <summary>Runs the tool with call number <paramref name="at"/> of the named ones failing; null if it made fewer.</summary>
    public async Task<(CommandResult Result, string Call)?> Run(string calls, int at, int error, params string[] arguments)
    {
        File.Delete(Report);
        var result = await Command.Run(await PreDumpTool.File(), arguments, Directory,
            Environment(calls, ("FAULT_AT", at), ("FAULT_ERRNO", error)));
        Assert.True(result.ExitCode != 99, "faults.c can't work here");
        return File.Exists(Report) ? (result, File.ReadAllText(Report)[2..]) : null;
    }

    /// <summary>The number of calls in a complete run at which a signal can be sent.</summary>
    public async Task<int> CountCalls(params string[] arguments)
    {
        File.Delete(Report);
        var result = await Command.Run(await PreDumpTool.File(), arguments, Directory, Environment("*"));
        Assert.True(result.ExitCode == 0, result.ToString());
        return int.Parse(File.ReadAllText(Report).Split(' ')[0], CultureInfo.InvariantCulture);
    }

    /// <summary>Starts the tool and sends it a signal a number of microseconds after one of its calls.</summary>
    public async Task<Process> Start(int at, int signal, int delay, params string[] arguments)
    {
        File.Delete(Report);
        return await Command.Start(await PreDumpTool.File(), arguments, Directory,
            Environment("*", ("FAULT_AT", at), ("FAULT_SIGNAL", signal), ("FAULT_DELAY", delay)));
    }

    /// <summary>When the signal is sent, as <see cref="Stopwatch.GetTimestamp"/>; null while unknown.</summary>
    public long? SignalledAt() =>
        File.Exists(Report) && File.ReadAllText(Report).Split(' ') is [var nanoseconds, _, ..]
            ? long.Parse(nanoseconds, CultureInfo.InvariantCulture) : null;

    public void Dispose() => _scratch.Dispose();

    private Dictionary<string, string> Environment(string calls, params (string Name, int Value)[] more)
    {
        var environment = new Dictionary<string, string>(More);
        foreach (var (name, value) in more)
            environment[name] = $"{value}";
        environment["LD_PRELOAD"] = Victim.FileOf("faults.so");
        environment["FAULT_CALLS"] = calls;
        environment["FAULT_REPORT"] = Report;
        return environment;
    }
}
