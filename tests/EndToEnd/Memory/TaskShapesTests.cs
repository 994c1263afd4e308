using System.Text.Json;
using Xunit;

namespace PreDump.Tests.EndToEnd.Memory;

/// <summary>Tasks in special states: stopped, without a leader, waiting for a vfork child, in namespaces.</summary>
public sealed class TaskShapesTests
{
    /// <summary>preload/nochildren.c hides the lists of children.</summary>
    [Fact]
    public async Task A_kernel_without_lists_of_children_does_not_hide_the_descendants()
    {
        await using var victim = await Victim.Start("processes", 20);
        using var scratch = new Scratch();

        var result = await Command.Run(await PreDumpTool.File(),
            ["--tree", $"{victim.Pid}", "--images-dir", scratch.Path, "--json"],
            environment: new Dictionary<string, string> { ["LD_PRELOAD"] = Victim.FileOf("nochildren.so") });

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal(victim.Tree.Count, JsonDocument.Parse(result.Output).RootElement.GetProperty("tasks").GetInt32());
        Assert.All(victim.Tree, pid => Assert.True(File.Exists(scratch[$"pagemap-{pid}.img"])));
    }

    [Fact]
    public async Task A_stopped_task_stays_stopped_and_can_be_continued()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("ctrlz");
        await Eventually.True(() => ProcessView.State(victim.Pid) == 'T', "the victim stops itself");
        using var scratch = new Scratch();

        await PreDumpTool.Dump(victim.Pid, scratch.Path);

        await Eventually.True(() => ProcessView.State(victim.Pid) == 'T', "the victim is stopped as before");
        await PageComparison.AssertSame(victim, scratch.Path);
        victim.Continue();
        Assert.Equal("CONTINUED", await victim.Line());
    }

    [Fact]
    public async Task A_process_outlives_its_first_thread_and_so_do_its_pages()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("leaderexit");
        Assert.Equal('Z', ProcessView.State(victim.Pid));
        using var scratch = new Scratch();
        await victim.Stop();

        await PreDumpTool.Dump(victim.Pid, scratch.Path);

        await PageComparison.AssertSame(victim, scratch.Path);
    }

    [Fact]
    public async Task A_vfork_parent_need_not_be_stopped_while_its_child_is_stopped()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("vforker");
        await Eventually.True(() => ProcessView.State(victim.Pid) == 'D', "the parent waits for its child");
        using var scratch = new Scratch();

        await PreDumpTool.Dump(victim.Pid, scratch.Path);

        await PageComparison.AssertSame(victim, scratch.Path, mappingOfPages: 64);
        Assert.All(victim.Tree, pid => Assert.Equal("0", ProcessView.Status(pid, "TracerPid")));
        Signal.Send(victim.Tree[1], Signal.Usr1);
        Assert.Equal("DONE", await victim.Line());
    }

    [Fact]
    public async Task A_tree_across_pid_namespaces_is_named_by_innermost_pids()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("pidns", 1, "parent");
        using var scratch = new Scratch();
        await victim.Stop();

        await PreDumpTool.Dump(victim.Pid, scratch.Path);

        Assert.True(File.Exists(scratch["pagemap-1.img"]));
        Assert.True(File.Exists(scratch[$"pagemap-{victim.Pid}.img"]));
        await PageComparison.AssertSame(victim, scratch.Path);
    }

    [Fact]
    public async Task Two_tasks_with_one_innermost_pid_are_refused()
    {
        Requires.Root();
        await using var victim = await Victim.Start("pidns", 2, "parent");
        using var scratch = new Scratch();
        var before = VictimState.OfTree(victim);

        await Refusal.Of(Refusal.Failure, scratch.Path, "--tree", $"{victim.Pid}");

        await VictimState.AssertUnchanged(before, victim);
    }
}
