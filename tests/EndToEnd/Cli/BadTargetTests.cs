using Xunit;

namespace PreDump.Tests.EndToEnd.Cli;

/// <summary>Processes that can't or must not be pre-dumped: a one-line error says why, and no image is left.</summary>
public sealed class BadTargetTests
{
    [Fact]
    public async Task A_pid_that_no_process_has_is_refused()
    {
        await using var victim = await Victim.Start("plain");
        var gone = victim.Pid;
        await victim.DisposeAsync();
        Assert.Contains($"{gone}", await Refused(gone));
    }

    [Fact]
    public async Task The_first_process_is_refused() => Assert.Contains("1", await Refused(1));

    [Fact]
    public async Task A_tree_that_contains_predump_itself_is_refused()
    {
        var line = await Refused(Environment.ProcessId);
        Assert.Contains($"{Environment.ProcessId}", line);
        Assert.Equal("0", ProcessView.Status(Environment.ProcessId, "TracerPid"));
    }

    [Fact]
    public async Task A_tree_that_begins_with_predumps_parent_is_refused()
    {
        using var scratch = new Scratch();
        // "; exit" keeps the shell from replacing itself with the tool.
        var result = await Command.Run("/bin/sh",
            ["-c", "\"$0\" --tree $$ --images-dir \"$1\"; exit $?", await PreDumpTool.File(), scratch.Path]);
        Refusal.Line(Refusal.Failure, result);
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Path));
    }

    [Fact]
    public async Task A_kernel_thread_is_refused()
    {
        Assert.SkipUnless(ProcessView.Exists(2) && ProcessView.Status(2, "VmSize") is null,
            "no kernel thread is to be seen here");
        var line = await Refused(2);
        Assert.Contains("kernel thread", line);
    }

    [Fact]
    public async Task A_zombie_is_refused()
    {
        await using var victim = await Victim.Start("zombie");
        var zombie = ProcessView.Tree(victim.Pid)[1];
        Assert.Contains($"{zombie}", await Refused(zombie));
    }

    [Fact]
    public async Task A_thread_that_is_no_process_is_refused()
    {
        await using var victim = await Victim.Start("manythreads", 2);
        var thread = ProcessView.Threads(victim.Pid)[1];
        Assert.Contains($"{thread}", await Refused(thread));
        Assert.Equal("0", ProcessView.Status(victim.Pid, thread, "TracerPid"));
    }

    [Fact]
    public async Task A_process_that_is_traced_already_is_refused()
    {
        const string Strace = "/usr/bin/strace";
        Requires.Program(Strace, "strace");
        await using var victim = await Victim.Start("plain");
        await using var strace = await Victim.Program(Strace, "-o", "/dev/null", "-p", $"{victim.Pid}");
        await Eventually.True(() => ProcessView.Status(victim.Pid, "TracerPid") == $"{strace.Pid}", "strace attaches");

        Assert.Contains($"{strace.Pid}", await Refused(victim.Pid));

        Assert.Equal($"{strace.Pid}", ProcessView.Status(victim.Pid, "TracerPid"));
    }

    private static async Task<string> Refused(int pid)
    {
        using var scratch = new Scratch();
        return await Refusal.Of(Refusal.Failure, scratch.Path, "--tree", $"{pid}");
    }
}
