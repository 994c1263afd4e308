using System.Diagnostics;
using Xunit;

namespace PreDump.Tests.EndToEnd.Faults;

/// <summary>
/// Signals at moments spread evenly over a run of predump, for each way to freeze and for victims of each shape: the victim goes
/// on, and the images that are left are complete or do not look complete. PREDUMP_KILLS=N sends N signals to each pair of victim
/// and backend instead of 70, which makes 1050 in all.
/// </summary>
public sealed class KillStormTests
{
    private static readonly int[] s_signals = [Signal.Kill, Signal.Term, Signal.Kill, Signal.Int, Signal.Hangup];
    private static readonly int s_kills = int.TryParse(Environment.GetEnvironmentVariable("PREDUMP_KILLS"), out int kills)
        ? kills : 70;

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task The_victim_goes_on_whenever_a_signal_comes(string backend, string program)
    {
        using var scratch = new Scratch();
        await using var victim = program switch
        {
            "rewriter" => await Victim.Start(program, scratch["count"], 2048),
            "manythreads" => await Victim.Start(program, 300, 2),
            "processes" => await Victim.Start(program, 20),
            _ => await Victim.Start(program),
        };
        await Settle(victim, program);
        using var cgroup = backend == "ptrace" ? null : TestCgroup.Create(backend == "v1" ? 1 : 2);
        cgroup?.Add(victim);
        var before = VictimState.OfTree(victim);
        using var tool = new FaultyTool();
        string[] Arguments(string name) => ["--tree", $"{victim.Pid}", "--images-dir", scratch.Folder(name),
            .. cgroup is null ? Array.Empty<string>() : ["--freeze-cgroup", cgroup.Path]];

        int calls = await tool.CountCalls(Arguments("undisturbed"));
        int sent = 0;
        for (int i = 0; i < s_kills; i++)
        {
            int signal = s_signals[i % s_signals.Length];
            var arguments = Arguments($"{i}");
            int at = 1 + (int)((long)i * calls / s_kills);
            using var running = await tool.Start(at, signal, Random.Shared.Next(0, 400), arguments);
            if (await UntilFree(tool, running, victim, cgroup) is { } time)
                Tally.Measure($"signal until the tree runs, {backend}", time);
            await running.WaitForExitAsync(TestContext.Current.CancellationToken);
            if (tool.SignalledAt() is null)
            { // it made fewer calls this time: the number of waits for the victim to stop depends on the load
                calls = Math.Min(calls, await tool.CountCalls(Arguments($"counted again at {i}")));
                continue;
            }
            sent++;
            AssertEnd(running.ExitCode, signal, scratch[$"{i}"], $"signal {signal} at call {at} of {calls}");
            if (running.ExitCode == 0)
                await Command.Must(await PreDumpTool.File(), "verify", scratch[$"{i}"]);
            await AssertFree(victim, cgroup);
            await AssertAsBefore(before, victim, program);
            Directory.Delete(scratch[$"{i}"], recursive: true);
        }
        Tally.Count("faults injected", sent);
        Tally.Count("signals sent to predump", sent);
        Assert.True(sent > s_kills / 2, $"only {sent} of {s_kills} signals were sent");
        await AssertGoesOn(victim, program, scratch);
    }

    public static IEnumerable<TheoryDataRow<string, string>> Pairs =>
        from backend in new[] { "ptrace", "v1", "v2" }
        from program in new[] { "rewriter", "manythreads", "processes", "vforker", "ctrlz" }
        select new TheoryDataRow<string, string>(backend, program);

    private static async Task Settle(Victim victim, string program)
    {
        if (program is "vforker" or "ctrlz")
            await Eventually.True(() => ProcessView.State(victim.Pid) == (program == "ctrlz" ? 'T' : 'D'),
                "the victim has its shape");
    }

    // From the signal until no thread is traced and nothing is frozen; as precisely as polling /proc allows.
    private static async Task<TimeSpan?> UntilFree(FaultyTool tool, Process running, Victim victim, TestCgroup? cgroup)
    {
        while (tool.SignalledAt() is null)
            if (running.HasExited)
                return null;
            else
                await Task.Yield();
        long signalled = tool.SignalledAt()!.Value;
        while (Nanoseconds() < signalled && !running.HasExited)
            Thread.SpinWait(20);
        await Eventually.True(() => IsFree(victim, cgroup), "the victim is let go");
        return TimeSpan.FromMicroseconds(Math.Max(0, Nanoseconds() - signalled) / 1000.0);
    }

    private static long Nanoseconds() => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    private static bool IsFree(Victim victim, TestCgroup? cgroup) => cgroup?.IsThawed != false
        && victim.Tree.TrueForAll(pid => Array.TrueForAll(ProcessView.Threads(pid),
            thread => ProcessView.Status(pid, thread, "TracerPid") is null or "0"));

    private static void AssertEnd(int exitCode, int signal, string images, string what)
    {
        bool whole = File.Exists(Path.Combine(images, "inventory.img"));
        if (signal == Signal.Kill)
        {
            Assert.True(exitCode is 0 or 128 + Signal.Kill, $"exit code {exitCode}: {what}");
            return;
        }
        // Before predump handles signals and after it has stopped doing so, a signal has its default effect.
        Assert.True(exitCode == 0 || exitCode == 128 + signal, $"exit code {exitCode}: {what}");
        if (exitCode != 0 && !whole)
            Assert.True(Directory.GetFileSystemEntries(images).Length == 0, $"something is left: {what}");
    }

    private static async Task AssertFree(Victim victim, TestCgroup? cgroup)
    {
        await Eventually.True(() => IsFree(victim, cgroup), "the victim is let go");
        if (cgroup is not null)
            await Eventually.True(() => !GuardIsThere(cgroup.Path), "the thaw guard ends");
    }

    private static bool GuardIsThere(string cgroup) => Directory.EnumerateDirectories("/proc")
        .Where(path => int.TryParse(Path.GetFileName(path), out _))
        .Any(path => CommandLine(path) is var line && line.Contains("thaw-guard") && line.Contains(cgroup));

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            return ""; // it has ended
        }
    }

    private static Task AssertAsBefore(List<VictimState> before, Victim victim, string program)
    {
        if (program != "ctrlz")
            return VictimState.AssertUnchanged(before, victim);
        Assert.Equal(before, VictimState.OfTree(victim));
        return Eventually.True(() => ProcessView.State(victim.Pid) == 'T', "the victim is stopped as before");
    }

    private static async Task AssertGoesOn(Victim victim, string program, Scratch scratch)
    {
        if (program == "rewriter")
            await Counter.AssertGrows(victim, scratch["count"]);
        else if (program == "manythreads")
            await Eventually.True(ProcessorTimeGrows(victim.Pid), "its threads go on spinning");
        else if (program == "ctrlz")
        {
            victim.Continue();
            Assert.Equal("CONTINUED", await victim.Line());
        }
        else if (program == "vforker")
        {
            Signal.Send(victim.Tree[1], Signal.Usr1);
            Assert.Equal("DONE", await victim.Line());
        }
    }

    private static Func<bool> ProcessorTimeGrows(int pid)
    {
        string Time() => string.Join(' ', File.ReadAllText($"/proc/{pid}/stat").Split(' ')[13..15]);
        var before = Time();
        return () => Time() != before;
    }
}
