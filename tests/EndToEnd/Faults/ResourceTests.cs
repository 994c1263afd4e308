using Xunit;

namespace PreDump.Tests.EndToEnd.Faults;

/// <summary>predump lacks a resource: descriptors, disk space, threads, memory, directory, permissions.</summary>
public sealed class ResourceTests
{
    [Fact]
    public async Task Few_descriptors_are_enough_for_many_tasks()
    {
        await Requires.PageOracle();
        await using var victim = await Victim.Start("processes", 300);
        var before = VictimState.OfTree(victim);
        await victim.Stop();
        using var scratch = new Scratch();

        var result = await Shell("ulimit -n 64; exec \"$0\" \"$@\"", victim, scratch.Folder("images"));

        Assert.True(result.ExitCode == 0, result.ToString());
        await PageComparison.AssertSame(victim, scratch["images"]);
        victim.Continue();
        await VictimState.AssertUnchanged(before, victim);
    }

    [Theory]
    [InlineData("ulimit -n", 12, "processes", 3)]
    [InlineData("ulimit -f", 512, "plain", 1024)]
    public async Task A_limit_of_descriptors_that_is_too_low_is_a_clear_failure_that_names_it(string limit, int value,
        string program, int argument)
    {
        await using var victim = await Victim.Start(program, argument);
        var before = VictimState.OfTree(victim);
        using var scratch = new Scratch();
        var line = Refusal.Line(Refusal.Failure,
            await Shell($"{limit} {value}; exec \"$0\" \"$@\"", victim, scratch.Folder("images"), "--track", "soft-dirty"));
        Assert.Contains(limit, line);
        await AssertNothingLeft(scratch["images"], before, victim);
    }

    /// <summary>The disk is full at any of the files: pages, pagemap, statistics, log, pid file or inventory.</summary>
    [Fact]
    public async Task A_disk_that_is_too_small_by_any_amount_is_a_clear_failure()
    {
        await using var victim = await Victim.Start("plain", 16);
        var before = VictimState.OfTree(victim);
        for (long pages = 1, done = 0; done == 0; pages++)
            done = await OnSmallDisk(pages * (long)Mapping.PageSize, null, victim);
        for (int files = 1, done = 0; done == 0; files++)
            done = await OnSmallDisk(1 << 24, files, victim);
        await VictimState.AssertUnchanged(before, victim);
    }

    /// <summary>Each write fails once; no error is lost, whether the disk reports it at once or at the close.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_disk_with_an_error_at_any_write_is_a_clear_failure(bool cached)
    {
        await using var victim = await Victim.Start("plain", 16);
        var before = VictimState.OfTree(victim);
        await victim.Stop();
        var failures = 0;
        for (var at = 1; ; at++)
        {
            await using var disk = await FaultyDisk.Mount(at, cached);
            var result = await PreDumpTool.Run("--tree", $"{victim.Pid}", "--images-dir", disk.Path);
            if (result.ExitCode == 0) // also after a short write whose retry succeeded
                await Command.Must(await PreDumpTool.File(), "verify", disk.Path, "--tree", $"{victim.Pid}");
            else
            {
                Assert.Contains("Input/output error", Refusal.Line(Refusal.Failure, result));
                Assert.Empty(Directory.GetFileSystemEntries(disk.Path));
                failures++;
            }
            if (!await disk.HasFailed())
                break;
            Tally.Count("faults injected");
        }
        Assert.True(failures >= 4, $"only {failures} writes were missed: the trial, pages, pagemap and inventory need one each");
        victim.Continue();
        await VictimState.AssertUnchanged(before, victim);
    }

    /// <summary>Below three threads the runtime can't start; above, the error names the limit or the run succeeds.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_user_with_few_threads_is_told_or_served_by_fewer(bool cgroup)
    {
        using var user = new Nobody(61_000 + Environment.ProcessId % 1000); // no other process's threads count against its limit
        await using var victim = await user.Start("plain");
        using var freezer = cgroup ? TestCgroup.Create(2) : null;
        freezer?.Add(victim);
        if (freezer is not null)
            await freezer.GiveTo(user.Id);
        var before = VictimState.OfTree(victim);
        var (named, served) = (0, 0);
        CommandResult? result = null;
        for (var limit = 1; served < 5; limit++)
        {
            Assert.True(limit < 64, $"64 threads are not enough: {result}");
            string[] arguments = ["--tree", $"{victim.Pid}", "--images-dir", user.Images, "--threads", "8",
                .. freezer is null ? Array.Empty<string>() : ["--freeze-cgroup", freezer.Path]];
            result = await user.RunToolBehind(["/bin/bash", "-c", $"ulimit -u {limit}; exec \"$0\" \"$@\""], arguments);
            await VictimState.AssertUnchanged(before, victim);
            Assert.True(freezer?.IsThawed != false);
            if (result.ExitCode == 0)
            {
                served++;
                await Command.Must(await PreDumpTool.File(), "verify", user.Images);
            }
            else if (result.Errors.Length == 0)
                Assert.True(result.ExitCode == 255 && named == 0 && served == 0, $"nothing was said: {result}");
            else
            {
                named++;
                Assert.Matches("ulimit -u|could not start|Resource temporarily unavailable",
                    Refusal.Line(Refusal.Failure, result));
                Assert.Empty(Directory.GetFileSystemEntries(user.Images));
                Tally.Count("faults injected");
            }
            Array.ForEach(Directory.GetFiles(user.Images), File.Delete);
        }
        Assert.True(named > 0, "no limit was too low");
    }

    [Fact]
    public async Task A_log_that_has_no_room_is_no_reason_to_lose_the_victim()
    {
        await using var victim = await Victim.Start("plain");
        var before = VictimState.OfTree(victim);
        await using var disk = await TinyDisk.Mount(4096);
        using var scratch = new Scratch();
        File.WriteAllBytes(Path.Combine(disk.Path, "ballast"), new byte[4096]);
        var result = await PreDumpTool.Run("--tree", $"{victim.Pid}", "--images-dir", scratch.Folder("images"),
            "--work-dir", disk.Path, "--log-file", "log", "-v4");
        if (result.ExitCode == 0)
            await Command.Must(await PreDumpTool.File(), "verify", scratch["images"]);
        else
            Assert.Contains("No space left", Refusal.Line(Refusal.Failure, result));
        await VictimState.AssertUnchanged(before, victim);
        Tally.Count("faults injected");
    }

    /// <summary>From too little for the runtime to start (which says so itself) up to enough: what predump says is the right
    /// limit.</summary>
    [Fact]
    public async Task A_limit_of_address_space_that_is_too_low_is_named()
    {
        await using var victim = await Victim.Start("plain", 64);
        int named = 0;
        CommandResult? result = null;
        for (int megabytes = 16; result?.ExitCode != 0; megabytes += 8)
        {
            Assert.True(megabytes < 2048, $"{result}");
            using var scratch = new Scratch();
            result = await Shell($"ulimit -v {megabytes * 1024}; exec \"$0\" \"$@\"", victim, scratch.Folder("images"));
            if (result.ExitCode != Refusal.Failure)
                continue;
            Assert.Contains("ulimit -v", Refusal.Line(Refusal.Failure, result));
            Assert.Empty(Directory.GetFileSystemEntries(scratch["images"]));
            named++;
        }
        TestContext.Current.SendDiagnosticMessage($"named {named} times");
    }

    [Theory]
    [InlineData("ulimit -v 1000000")]
    [InlineData("ulimit -c 0")]
    public async Task A_round_gets_by_with_tight_limits(string limit)
    {
        await using var victim = await Victim.Start("plain", 65536);
        using var scratch = new Scratch();
        var result = await Shell($"{limit}; exec \"$0\" \"$@\"", victim, scratch.Folder("images"));
        Assert.True(result.ExitCode == 0, result.ToString());
        await Command.Must(await PreDumpTool.File(), "verify", scratch["images"]);
    }

    /// <summary>The images' page cache counts too, so the cgroup is full. $PREDUMP_BIG_PAGES: pages of the victim.</summary>
    [Fact]
    public async Task A_cgroup_of_64_MB_is_enough_for_any_victim()
    {
        var pages = int.TryParse(Environment.GetEnvironmentVariable("PREDUMP_BIG_PAGES"), out var big) ? big : 262_144;
        using var cgroup = MemoryCgroup.Create(64 << 20);
        await using var victim = await Victim.Start("plain", pages);
        var before = VictimState.OfTree(victim);
        using var scratch = new Scratch();
        var result = await Command.Run("/bin/sh",
            cgroup.Inside(await PreDumpTool.File(), "--tree", $"{victim.Pid}", "--images-dir", scratch.Folder("images")));
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.True(new FileInfo(scratch["images/pages-1.img"]).Length > pages * (long)Mapping.PageSize);
        await Command.Must(await PreDumpTool.File(), "verify", scratch["images"]);
        await VictimState.AssertUnchanged(before, victim);
    }

    [Theory]
    [InlineData("cleared")]
    [InlineData("removed")]
    [InlineData("renamed")]
    [InlineData("unmounted")]
    public async Task A_directory_that_is_taken_away_is_not_called_whole(string how)
    {
        await using var victim = await Victim.Start("plain", 65536);
        var before = VictimState.OfTree(victim);
        var failures = 0;
        for (var attempt = 0; attempt < 5; attempt++)
        {
            await using var disk = how == "unmounted" ? await TinyDisk.Mount(1L << 30) : null;
            using var scratch = new Scratch();
            var images = disk?.Path ?? scratch.Folder("images");
            using var tool = await PreDumpTool.Start("--tree", $"{victim.Pid}", "--images-dir", images);
            while (!File.Exists(Path.Combine(images, "pages-1.img")) && !tool.HasExited)
                Thread.SpinWait(10);
            if (how == "cleared")
                Array.ForEach(Directory.GetFiles(images), File.Delete);
            else if (how == "removed")
                Directory.Delete(images, recursive: true);
            else if (how == "renamed")
                Directory.Move(images, scratch["elsewhere"]);
            else
                await Command.Must("/bin/umount", "-l", images);
            var errors = await tool.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await tool.WaitForExitAsync(TestContext.Current.CancellationToken);
            if (how == "unmounted") // for the end of the disk's process
                await Command.Must("/bin/mount", "-t", "tmpfs", "tmpfs", images);
            if (tool.ExitCode == 0)
                continue; // it had already finished
            failures++;
            Refusal.Line(Refusal.Failure, new CommandResult(tool.ExitCode, "", errors));
            Assert.False(File.Exists(Path.Combine(images, "inventory.img")) || File.Exists(scratch["elsewhere/inventory.img"]));
            Tally.Count("faults injected");
        }
        Assert.True(failures > 0, "the directory was taken away too late each time");
        await VictimState.AssertUnchanged(before, victim);
    }

    /// <summary>As a container's seccomp profile makes the call fail.</summary>
    [Theory]
    [InlineData("EPERM")]
    [InlineData("ENOSYS")]
    public async Task Where_process_vm_readv_is_forbidden_memory_is_read_through_proc(string error)
    {
        await Requires.PageOracle();
        const string Strace = "/usr/bin/strace";
        Requires.Program(Strace, "strace");
        await using var victim = await Victim.Start("plain", 1024);
        await victim.Stop();
        using var scratch = new Scratch();
        var result = await Command.Run(Strace,
            ["-f", "-o", "/dev/null", "-e", "trace=process_vm_readv", "-e", $"inject=process_vm_readv:error={error}",
                await PreDumpTool.File(), "--tree", $"{victim.Pid}", "--images-dir", scratch.Folder("images")]);
        Assert.True(result.ExitCode == 0, result.ToString());
        await PageComparison.AssertSame(victim, scratch["images"]);
    }

    internal static async Task<CommandResult> Shell(string script, Victim victim, string images, params string[] more) =>
        await Command.Run("/bin/bash",
            ["-c", script, await PreDumpTool.File(), "--tree", $"{victim.Pid}", "--images-dir", images, .. more]);

    // 1 if there was enough room.
    private static async Task<int> OnSmallDisk(long bytes, int? inodes, Victim victim)
    {
        await using var disk = await TinyDisk.Mount(bytes, inodes);
        var result = await PreDumpTool.Run("--tree", $"{victim.Pid}", "--images-dir", disk.Path, "--log-file", "log",
            "-v4");
        if (result.ExitCode == 0)
        {
            await Command.Must(await PreDumpTool.File(), "verify", disk.Path);
            return 1;
        }
        Refusal.Line(Refusal.Failure, result);
        Assert.DoesNotContain(Directory.GetFiles(disk.Path), file => file.EndsWith(".img", StringComparison.Ordinal));
        Tally.Count("faults injected");
        return 0;
    }

    private static async Task AssertNothingLeft(string images, List<VictimState> before, Victim victim)
    {
        Assert.Empty(Directory.GetFileSystemEntries(images));
        await VictimState.AssertUnchanged(before, victim);
        Tally.Count("faults injected");
    }
}
