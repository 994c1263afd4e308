using System.Text.RegularExpressions;
using Xunit;

namespace PreDump.Tests.EndToEnd.Cli;

/// <summary>The output: summary, CRIU's statistics, help, version, logs.</summary>
public sealed partial class OutputTests
{
    [Fact]
    public async Task Display_stats_prints_the_figures_that_criu_prints()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var result = await Dump(victim, scratch, "--display-stats");
        Assert.Contains("Displaying dump stats:", result.Output);
        foreach (var time in new[]
            { "Freezing time", "Frozen time", "Memory dump time", "Memory write time", "IRMAP resolve time" })
            Assert.Matches($"(?m)^{time}: [0-9]+ us$", result.Output);
        foreach (var pages in new[]
            { "Memory pages scanned", "Memory pages skipped from parent", "Memory pages written", "Lazy memory pages" })
            Assert.Matches($"(?m)^{pages}: [0-9]+ \\(0x[0-9a-f]+\\)$", result.Output);
    }

    [Fact]
    public async Task The_json_output_is_one_object_and_nothing_else()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var result = await Dump(victim, scratch, "--json");
        using var summary = System.Text.Json.JsonDocument.Parse(result.Output);
        Assert.Equal(1, summary.RootElement.GetProperty("tasks").GetInt32());
    }

    [Fact]
    public async Task A_first_round_has_nothing_to_compare_with_and_may_be_told_not_to_compare()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var summary = await PreDumpTool.Dump(victim.Pid, scratch.Path, "--no-compare");
        Assert.Equal(0, summary.GetProperty("pages_unchanged").GetInt64());
        Assert.Equal(0, summary.GetProperty("comparing_us").GetInt64());
    }

    [Fact]
    public async Task A_summary_of_one_line_is_the_only_output()
    {
        await using var victim = await Victim.Start("manythreads", 3);
        using var scratch = new Scratch();
        var result = await Dump(victim, scratch);
        var line = Assert.Single((result.Output + result.Errors).Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => !line.StartsWith("predump: warning: ", StringComparison.Ordinal));
        Assert.Contains("1 task", line);
    }

    [Fact]
    public async Task A_quiet_round_says_nothing_on_standard_output()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        Assert.Empty((await Dump(victim, scratch, "--quiet")).Output);
    }

    [Fact]
    public async Task The_help_names_the_options()
    {
        var result = await PreDumpTool.Run("--help");
        Assert.Equal(0, result.ExitCode);
        foreach (var option in new[] { "--tree", "--images-dir", "--work-dir", "--prev-images-dir", "--no-compare",
            "--freeze-cgroup", "--timeout", "--json", "check" })
            Assert.Contains(option, result.Output);
    }

    [Fact]
    public async Task The_version_is_one_line()
    {
        var result = await PreDumpTool.Run("--version");
        Assert.Equal(0, result.ExitCode);
        Assert.Matches(Version(), result.Output);
    }

    [Fact]
    public async Task The_check_says_what_this_machine_can_do()
    {
        var result = await PreDumpTool.Run("check");
        Assert.True(result.ExitCode is 0 or 1, result.ToString());
        foreach (var subject in new[] { "soft-dirty", "PAGEMAP_SCAN", "process_vm_readv", "ptrace" })
            Assert.Contains(subject, result.Output);
    }

    [Fact]
    public async Task The_log_is_for_the_owner_alone()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        await Dump(victim, scratch, "-o", "dump.log", "-v4");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(scratch["dump.log"]));
        Assert.Contains($"{victim.Pid}", File.ReadAllText(scratch["dump.log"]));
    }

    [Fact]
    public async Task A_pidfile_is_for_criu_restore_and_stays_as_it_is()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        File.WriteAllText(scratch["pid"], $"{victim.Pid}");
        await Dump(victim, scratch, "--pidfile", scratch["pid"], "-v4", "-o", "log");
        Assert.Equal($"{victim.Pid}", File.ReadAllText(scratch["pid"]));
        Assert.Contains($"--pidfile {scratch["pid"]}: makes no difference", File.ReadAllText(scratch["log"]));
    }

    [Fact]
    public async Task A_status_descriptor_that_nobody_reads_is_a_warning()
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var result = await Command.Run("/bin/sh", ["-c", "exec \"$0\" \"$@\" 3< /dev/null", await PreDumpTool.File(),
            "--tree", $"{victim.Pid}", "--images-dir", scratch.Path, "--status-fd", "3"]);
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("--status-fd can't be written", result.Errors);
        Assert.True(File.Exists(scratch["inventory.img"]));
    }

    /// <summary>criu's pre-dump does not look at it. The number may be that of a file that predump has opened itself.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(77)]
    public async Task A_status_descriptor_that_is_not_open_is_a_warning(int number)
    {
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        var result = await Dump(victim, scratch, "--status-fd", $"{number}");
        Assert.Contains($"--status-fd {number}: no such descriptor is open", result.Errors);
        Assert.True(File.Exists(scratch["inventory.img"]));
    }

    private static async Task<CommandResult> Dump(Victim victim, Scratch scratch, params string[] more)
    {
        var result = await PreDumpTool.Run(["--tree", $"{victim.Pid}", "--images-dir", scratch.Path, .. more]);
        Assert.True(result.ExitCode == 0, result.ToString());
        return result;
    }

    [GeneratedRegex(@"^[^\n]*\d+\.\d+\.\d+[^\n]*\n?$")]
    private static partial Regex Version();
}
