using Xunit;

namespace PreDump.Tests.EndToEnd.Cli;

/// <summary>The operator limits the CPU priority, the rate and the threads of the copy.</summary>
public sealed class CopyShareTests
{
    [Theory]
    [InlineData("16M", 16L * 1024 * 1024)]
    [InlineData("8192k", 8192L * 1024)]
    public async Task A_round_copies_no_more_bytes_a_second_than_it_may(string option, long bytesPerSecond)
    {
        await using var victim = await Victim.Start("plain", 16 * 256);
        using var scratch = new Scratch();
        var summary = await PreDumpTool.Dump(victim.Pid, scratch.Path, "--max-rate", option, "--threads", "4");
        long bytes = summary.GetProperty("bytes_written").GetInt64();
        Assert.InRange(bytes, 16 * 1024 * 1024, long.MaxValue);
        const long LastBatches = 2 * 1024 * 1024; // no wait follows the last batches
        Assert.InRange(summary.GetProperty("copying_us").GetInt64(), (bytes - LastBatches) * 1_000_000 / bytesPerSecond,
            long.MaxValue);
    }

    [Fact]
    public async Task Threads_that_copy_are_nice_and_the_others_are_not()
    {
        await using var victim = await Victim.Start("plain", 16 * 256);
        using var scratch = new Scratch();
        using var tool = await PreDumpTool.Start("--tree", $"{victim.Pid}", "--images-dir", scratch.Path, "--nice", "7",
            "--max-rate", "4M", "--threads", "2");
        try
        {
            var tasks = $"/proc/{tool.Id}/task";
            await Eventually.True(() => Directory.GetDirectories(tasks).Count(IsNiceCopy) == 2, "both are nice");
            Assert.Equal(Nice("/proc/self"), Nice($"{tasks}/{tool.Id}"));
        }
        finally
        {
            await PreDumpTool.End(tool, Signal.Term);
        }

        // field 19 of stat, counted after the name
        static int Nice(string task) => int.Parse(File.ReadAllText(Path.Combine(task, "stat")).Split(") ")[1].Split(' ')[16]);

        static bool IsNiceCopy(string task)
        {
            try
            {
                return File.ReadAllText(Path.Combine(task, "comm")).Trim() == "copy" && Nice(task) == 7;
            }
            catch (IOException)
            {
                return false; // a thread of the runtime that has just ended
            }
        }
    }
}
