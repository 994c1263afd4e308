using System.Text.Json;
using Xunit;

namespace PreDump.Tests.EndToEnd.Victims;

/// <summary>Each row of the README's table of capabilities, and other limits on access to a task: Yama, hidepid,
/// namespaces.</summary>
public sealed class PrivilegeTests
{
    private const string SetPriv = "/usr/bin/setpriv", Unshare = "/usr/bin/unshare";
    private const int ZeroPages = 80; // of tests/victims/zeropages.c
    private static readonly string[] s_container = ["--user", "--map-root-user", "--pid", "--fork", "--mount-proc"];

    [Fact]
    public async Task A_capability_that_is_missing_is_named()
    {
        using var nobody = new Nobody();
        await using var victim = await Victim.Start("plain");
        var before = VictimState.OfTree(victim);

        var result = await nobody.RunTool("--tree", $"{victim.Pid}", "--images-dir", nobody.Images);

        Assert.Contains("CAP_SYS_PTRACE", Refusal.Line(Refusal.Failure, result));
        Assert.Empty(Directory.GetFileSystemEntries(nobody.Images));
        await VictimState.AssertUnchanged(before, victim);
    }

    [Theory]
    [InlineData("zeropages")]
    [InlineData("hugepages")]
    [InlineData("unreadable")]
    public async Task Ones_own_process_needs_no_capability(string program)
    {
        await Requires.PageOracle();
        Assert.SkipWhen(YamaScope() is > 0, "yama keeps users from tracing processes of their own");
        using var nobody = new Nobody();
        await using var victim = await nobody.Start(program);
        await victim.Stop();

        var result = await nobody.RunTool("--tree", $"{victim.Pid}", "--images-dir", nobody.Images);

        Assert.True(result.ExitCode == 0, result.ToString());
        await PageComparison.AssertSame(victim, nobody.Images);
    }

    /// <summary>CAP_CHECKPOINT_RESTORE does not open pagemap or clear_refs.</summary>
    [Theory]
    [InlineData("sys_ptrace")]
    [InlineData("sys_ptrace", "checkpoint_restore")]
    public async Task The_task_of_another_user_needs_two_capabilities(params string[] tooFew)
    {
        await Requires.PageOracle();
        using var nobody = new Nobody();
        await using var victim = await Victim.Start("plain");
        var before = VictimState.OfTree(victim);
        await victim.Stop();
        string[] arguments = ["--tree", $"{victim.Pid}", "--images-dir", nobody.Images];

        var line = Refusal.Line(Refusal.Failure, await nobody.RunToolWith(tooFew, arguments));
        Assert.Contains("CAP_DAC_OVERRIDE", line);
        Assert.Empty(Directory.GetFileSystemEntries(nobody.Images));

        var both = await nobody.RunToolWith(["sys_ptrace", "dac_override"], arguments);
        Assert.True(both.ExitCode == 0, both.ToString());
        await PageComparison.AssertSame(victim, nobody.Images);
        victim.Continue();
        await VictimState.AssertUnchanged(before, victim);
    }

    [Fact]
    public async Task A_task_that_is_not_dumpable_needs_two_capabilities_too()
    {
        await Requires.PageOracle();
        using var nobody = new Nobody();
        await using var victim = await nobody.Start("undumpable");
        var before = VictimState.OfTree(victim);
        string[] arguments = ["--tree", $"{victim.Pid}", "--images-dir", nobody.Images];
        foreach (string[] tooFew in new string[][] { [], ["sys_ptrace"], ["dac_override"] })
        {
            var line = Refusal.Line(Refusal.Failure, await nobody.RunToolWith(tooFew, arguments));
            Assert.Contains("dumpable", line);
            Assert.Contains("CAP_SYS_PTRACE", line);
            Assert.Contains("CAP_DAC_OVERRIDE", line);
            Assert.Empty(Directory.GetFileSystemEntries(nobody.Images));
            await VictimState.AssertUnchanged(before, victim);
        }
        await victim.Stop();
        var both = await nobody.RunToolWith(["sys_ptrace", "dac_override"], arguments);
        Assert.True(both.ExitCode == 0, both.ToString());
        await PageComparison.AssertSame(victim, nobody.Images);
    }

    [Fact]
    public async Task A_round_works_without_real_time_priority()
    {
        Requires.Root();
        await using var victim = await Victim.Start("manythreads", 100, 2);
        var before = VictimState.OfTree(victim);
        using var scratch = new Scratch();
        string[] less = ["--bounding-set=-sys_nice", await PreDumpTool.File()];
        Assert.Matches("(?m)^no +CAP_SYS_NICE", (await Command.Run(SetPriv, [.. less, "check"])).Output);
        await Command.Must(SetPriv, [.. less, "--tree", $"{victim.Pid}", "--images-dir", scratch.Folder("images")]);
        await Command.Must(await PreDumpTool.File(), "verify", scratch["images"]);
        await VictimState.AssertUnchanged(before, victim);
    }

    /// <summary>Without PAGEMAP_SCAN (here by strace) zero pages are found by page frames; without the right to see them they are
    /// copied.</summary>
    [Fact]
    public async Task Zero_pages_are_copied_where_page_frames_are_not_to_be_seen()
    {
        await Requires.PageOracle();
        Requires.ZeroPage();
        const string Strace = "/usr/bin/strace";
        Requires.Program(Strace, "strace");
        await using var victim = await Victim.Start("zeropages");
        await victim.Stop();
        using var scratch = new Scratch();
        var (seen, unseen) = (await Pages("seen"), await Pages("unseen", "--bounding-set=-sys_admin"));
        Assert.True(unseen >= seen + ZeroPages, $"{seen} pages with page frames, {unseen} without");

        async Task<long> Pages(string images, params string[] less)
        {
            var summary = await Command.Must(SetPriv,
                [.. less, Strace, "-f", "-o", "/dev/null", "-e", "trace=ioctl", "-e", "inject=ioctl:error=ENOTTY",
                    await PreDumpTool.File(), "--tree", $"{victim.Pid}", "--images-dir", scratch.Folder(images), "--json"]);
            await Command.Must(await PreDumpTool.File(), "verify", scratch[images], "--tree", $"{victim.Pid}");
            return JsonDocument.Parse(summary).RootElement.GetProperty("pages_written").GetInt64();
        }
    }

    /// <summary>A child that /proc hides is not skipped silently; a child that has just exited is not mistaken for one.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_hidden_child_is_refused_and_named(int hidepid)
    {
        await Requires.PageOracle();
        using var nobody = new Nobody();
        await nobody.RequireHidepid(hidepid);
        await using var victim = await nobody.StartSetuid("hiddenchild");
        var before = VictimState.OfTree(victim);
        Assert.Equal(2, before.Count);
        string[] arguments = ["--tree", $"{victim.Pid}", "--images-dir", nobody.Images];

        var line = Refusal.Line(Refusal.Failure, await nobody.RunToolHidepid(hidepid, [], arguments));
        Assert.Contains($"process {before[1].Pid} ", line);
        Assert.Contains("hidepid", line);
        Assert.Contains("CAP_SYS_PTRACE", line);
        Assert.Empty(Directory.GetFileSystemEntries(nobody.Images));
        await VictimState.AssertUnchanged(before, victim);

        await victim.Stop();
        var seen = await nobody.RunToolHidepid(hidepid, ["sys_ptrace", "dac_override"], arguments);
        Assert.True(seen.ExitCode == 0, seen.ToString());
        await PageComparison.AssertSame(victim, nobody.Images);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_hidden_root_is_not_called_missing(int hidepid)
    {
        using var nobody = new Nobody();
        await nobody.RequireHidepid(hidepid);
        await using var victim = await Victim.Start("plain");
        var result = await nobody.RunToolHidepid(hidepid, [], "--tree", $"{victim.Pid}", "--images-dir", nobody.Images);
        Assert.Contains("hidden", Refusal.Line(Refusal.Failure, result));
        Assert.Matches("(?m)^no +hidepid", (await nobody.RunToolHidepid(hidepid, [], "check")).Output);
    }

    [Fact]
    public async Task A_child_that_has_just_exited_is_not_called_hidden()
    {
        Assert.SkipWhen(YamaScope() is > 0, "yama keeps users from tracing processes of their own");
        using var nobody = new Nobody();
        await nobody.RequireHidepid(2);
        await using var victim = await nobody.Start("breeder");
        for (var round = 0; round < 20; round++)
        {
            var result = await nobody.RunToolHidepid(2, [], "--tree", $"{victim.Pid}", "--images-dir", nobody.Images);
            Assert.True(result.ExitCode == 0, result.ToString());
            Array.ForEach(Directory.GetFiles(nobody.Images), File.Delete);
        }
        Assert.False(victim.HasExited);
    }

    /// <summary>As in a rootless container: predump and its victim in a user namespace and a pid namespace, with a /proc of its
    /// own.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(65534)]
    public async Task Root_inside_namespaces_is_as_good_as_root(int user)
    {
        using var nobody = new Nobody(user);
        Assert.SkipUnless((await nobody.Run(Unshare, [.. s_container, "/bin/true"])).ExitCode == 0,
            "this user can't make user namespaces here");
        const string Script = """
            exec 3< <(exec "$1"); read -r ready pid <&3; test "$ready" = READY
            kill -STOP $pid; until grep -q '^State:.T' /proc/$pid/status; do :; done
            "$0" --tree $pid --images-dir "$2" && "$0" verify "$2" --tree $pid
            """;
        var result = await nobody.Run(Unshare,
            [.. s_container, "/bin/bash", "-ec", Script, await nobody.Copy(await PreDumpTool.File()),
                await nobody.Copy(Victim.FileOf("plain")), nobody.Images]);
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Matches("pages compared|equal", result.Output);
    }

    /// <summary>Its pids would be those of other processes.</summary>
    [Fact]
    public async Task A_proc_of_another_pid_namespace_is_refused()
    {
        Requires.Root();
        await using var victim = await Victim.Start("plain");
        using var scratch = new Scratch();
        string[] inside = ["--pid", "--fork", await PreDumpTool.File()];
        var result = await Command.Run(Unshare, [.. inside, "--tree", $"{victim.Pid}", "--images-dir", scratch.Path]);
        Assert.Contains("pid namespace", Refusal.Line(Refusal.Failure, result));
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Path));
        Assert.Matches("(?m)^NO +/proc", (await Command.Run(Unshare, [.. inside, "check"])).Output);
    }

    [Fact]
    public async Task The_error_says_so_where_yama_restricts_tracing()
    {
        var scope = YamaScope();
        Assert.SkipWhen(scope is null, "this kernel has no Yama");
        Assert.SkipWhen(scope == 0, "kernel.yama.ptrace_scope is 0: set it to 1, 2 or 3 to try this");
        using var nobody = new Nobody();
        await using var victim = await nobody.Start("plain");
        string[] arguments = ["--tree", $"{victim.Pid}", "--images-dir", nobody.Images];
        Assert.Contains($"ptrace_scope is {scope}", Refusal.Line(Refusal.Failure, await nobody.RunTool(arguments)));
        Assert.Empty(Directory.GetFileSystemEntries(nobody.Images));
        var permitted = await nobody.RunToolWith(["sys_ptrace"], arguments);
        Assert.Equal(scope == 3 ? Refusal.Failure : 0, permitted.ExitCode);
    }

    private static int? YamaScope() =>
        File.Exists("/proc/sys/kernel/yama/ptrace_scope")
            ? int.Parse(File.ReadAllText("/proc/sys/kernel/yama/ptrace_scope")) : null;
}
