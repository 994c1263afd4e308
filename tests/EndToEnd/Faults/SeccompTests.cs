using System.Runtime.InteropServices;
using Xunit;

namespace PreDump.Tests.EndToEnd.Faults;

/// <summary>A container's seccomp profile refuses one system call to predump (tests/victims/filtered.c): the round does without
/// it, or is refused before the first task is frozen, with the parent as it was.</summary>
public sealed class SeccompTests
{
    private const int EPERM = 1, ENOSYS = 38;

    // arm64 has all of these, too, except readlink.
    private static readonly string[] s_doneWithout = ["pidfd_open", "process_madvise", "process_vm_readv", "sched_setscheduler",
        "setpriority", "prctl", "fallocate", "copy_file_range", "kcmp", "ioctl", "faccessat2", "socketpair", "flock",
        .. RuntimeInformation.ProcessArchitecture == Architecture.X64 ? ["readlink"] : Array.Empty<string>()];

    private static readonly string[] s_needed = ["pwrite64", "ftruncate", "renameat", "symlinkat", "unlinkat", "wait4", "ptrace",
        "readlinkat"];

    public static TheoryData<string, int> DoneWithout => new(s_doneWithout.SelectMany(Refused));

    public static TheoryData<string, int> Pipe => new(Refused("pipe2"));

    public static TheoryData<string, int> Needed => new(s_needed.SelectMany(Refused));

    [Theory]
    [MemberData(nameof(DoneWithout))]
    public async Task A_round_does_without_the_call(string call, int error)
    {
        await using var victim = await Victim.Start("plain", 1024);
        await victim.Stop();
        using var scratch = new Scratch();

        var result = await Command.Run(Victim.FileOf("filtered"),
            [call, $"{error}", await PreDumpTool.File(), "--tree", $"{victim.Pid}", "--images-dir", scratch.Folder("1")]);

        Assert.True(result.ExitCode == 0, result.ToString());
        await Command.Must(await PreDumpTool.File(), "verify", scratch["1"], "--tree", $"{victim.Pid}");
    }

    [Theory]
    [MemberData(nameof(Needed))]
    public async Task A_call_that_is_needed_is_missed_before_the_parent_is_spent(string call, int error)
    {
        await using var parent = await UnspentParent.Make();
        await parent.AssertRefused([Victim.FileOf("filtered"), call, $"{error}"], []);
    }

    /// <summary>The runtime's own thread can't be started then, and it says no more than that.</summary>
    [Theory]
    [MemberData(nameof(Pipe))]
    public async Task What_the_runtime_misses_is_said_as_far_as_it_is_known(string call, int error)
    {
        var result = await Command.Run(Victim.FileOf("filtered"),
            [call, $"{error}", await PreDumpTool.File(), "--tree", "1", "--images-dir", "/nowhere"]);
        Assert.Contains("the seccomp filter that predump runs under refuses a call that the runtime needs",
            Refusal.Line(Refusal.Failure, result));
    }

    [Theory]
    [InlineData("pidfd_open", "pidfd_open")]
    [InlineData("process_madvise", "process_madvise")]
    [InlineData("sched_setscheduler", "real-time priority is refused")]
    [InlineData("ptrace", "a seccomp filter refuses ptrace")]
    public async Task The_check_says_so(string call, string expected)
    {
        Requires.Root();
        var result = await Command.Run(Victim.FileOf("filtered"), [call, $"{EPERM}", await PreDumpTool.File(), "check"]);
        Assert.Contains(result.Output.Split('\n'),
            line => line.Contains(expected) && !line.StartsWith("ok", StringComparison.Ordinal));
    }

    private static IEnumerable<TheoryDataRow<string, int>> Refused(string call) => [new(call, EPERM), new(call, ENOSYS)];
}
