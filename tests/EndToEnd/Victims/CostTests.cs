using System.Globalization;
using Xunit;

namespace PreDump.Tests.EndToEnd.Victims;

/// <summary>The cost of a pre-dump as its victim grows, in figures independent of the load. (tests/bench has times.)</summary>
public sealed class CostTests
{
    private const long MostMemory = (16 + 2 * Threads) * 1024 * 1024; // bytes
    private const int Threads = 2;

    [Theory]
    [InlineData("plain", 16 * 256)] // MiB
    [InlineData("plain", 512 * 256)]
    [InlineData("manymaps", 60_000)]
    public async Task The_memory_of_a_round_is_bounded_whatever_the_victims_size(string kind, int size)
    {
        await using var victim = await Victim.Start(kind, size);
        using var scratch = new Scratch();
        // measure's line: microseconds, of user, of system time, and KiB of memory
        var line = await Command.Must(Victim.FileOf("measure"), "1", await PreDumpTool.File(), "-q", "--tree", $"{victim.Pid}",
            "--images-dir", scratch.Path, "--threads", $"{Threads}");
        long peak = long.Parse(line.Split(' ')[3], CultureInfo.InvariantCulture) * 1024;
        Assert.InRange(peak, 1024 * 1024, MostMemory);
    }

    [Theory]
    [InlineData("plain", 32 * 256)]
    [InlineData("manymaps", 4000)]
    [InlineData("manythreads", 100)]
    [InlineData("processes", 30)]
    public async Task Twice_the_work_costs_twice_the_calls(string kind, int size)
    {
        const string Strace = "/usr/bin/strace";
        Requires.Program(Strace, "strace");
        long least = await Calls(Strace, kind, 1), half = await Calls(Strace, kind, size),
            whole = await Calls(Strace, kind, 2 * size);
        const int Chance = 100; // the number of waits varies
        Assert.InRange(whole - least, 0, (long)(2.2 * (half - least)) + Chance);
    }

    [Theory]
    [InlineData("plain", 1024)]
    [InlineData("manymaps", 10_000)]
    [InlineData("manythreads", 100)]
    [InlineData("processes", 30)]
    public async Task Nothing_is_allocated_in_the_freeze(string kind, int size)
    {
        await using var victim = await Victim.Start(kind, size);
        using var scratch = new Scratch();
        var result = await PreDumpTool.Run("-v4", "--tree", $"{victim.Pid}", "--images-dir", scratch.Path);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains(" with 0 bytes of managed memory allocated", result.Errors);
    }

    /// <summary>preload/softdirty.c makes predump believe in dirty tracking; preload/noscan.c takes PAGEMAP_SCAN away.</summary>
    [Theory]
    [InlineData("plain", 1024)]
    [InlineData("processes", 30)]
    [InlineData("sparse", 64)]
    [InlineData("sparse", 64, "noscan.so")]
    [InlineData("plain", 1024, "noscan.so")]
    public async Task Nothing_is_allocated_in_the_freeze_of_a_later_round(string kind, int size, string more = "softdirty.so")
    {
        Requires.Root();
        await using var victim = await Victim.Start(kind, size);
        await Task.Delay(50, TestContext.Current.CancellationToken); // it must be some clock ticks older than its parent images
        using var scratch = new Scratch();
        var environment = new Dictionary<string, string>
        {
            ["LD_PRELOAD"] = $"{Victim.FileOf("softdirty.so")}:{Victim.FileOf(more)}",
        };
        string[] arguments = ["-v4", "--tree", $"{victim.Pid}", "--images-dir"];
        await Command.Run(await PreDumpTool.File(), [.. arguments, scratch.Folder("1")], environment: environment);
        var result = await Command.Run(await PreDumpTool.File(),
            [.. arguments, scratch.Folder("2"), "--prev-images-dir", "../1"], environment: environment);
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains(" with 0 bytes of managed memory allocated", result.Errors);
    }

    // System calls of the pre-dump and its children, except those that depend on which thread is faster.
    private static async Task<long> Calls(string strace, string kind, int size)
    {
        await using var victim = await Victim.Start(kind, size);
        using var scratch = new Scratch();
        var counts = scratch["calls"];
        var images = scratch.Folder("images");
        var result = await Command.Run(strace,
            ["-f", "-c", "-e", "trace=!futex,nanosleep,clock_nanosleep,wait4,sched_yield,madvise", "-o", counts,
                await PreDumpTool.File(), "-q", "--tree", $"{victim.Pid}", "--images-dir", images]);
        Assert.True(result.ExitCode == 0, result.ToString());
        var total = (await File.ReadAllLinesAsync(counts)).Last(line => line.EndsWith(" total", StringComparison.Ordinal));
        return long.Parse(total.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], CultureInfo.InvariantCulture);
    }
}
