using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.Proof;

/// <summary>Cases in which the action script makes the dump fail, so that criu leaves the tree running: nothing can be restored
/// from the images, and no round can be based on the parent. And cases that pass with a warning.</summary>
public sealed class RefusedDumpTests
{
    private const ulong Page = HandmadeDump.Page;

    [Fact]
    public async Task A_dump_with_a_wrong_page_that_is_not_to_be_mended_fails()
    {
        await using var victim = await Victim.Start("plain", 64);
        using var dump = await HandmadeDump.Take(victim);
        HandmadeDump.Spoil(victim.Pid, dump.Largest(victim.Pid).Vaddr);
        var before = HandmadeDump.Content(dump.Final);

        await AssertRefused(dump, "whose bytes differ now: 1; the settings forbid mending them", ("PREDUMP_MEND", "no"));

        Assert.Contains("begin with a full round", dump.Log);
        before.Remove(ImageNames.Inventory, out var inventory);
        before.Add(ImageNames.UnprovedInventory, inventory!);
        Assert.Equal(before, HandmadeDump.Content(dump.Final));
        var verified = await PreDumpTool.Run("verify", dump.Final);
        Assert.Equal(1, verified.ExitCode);
        Assert.Contains("could not be proved",
            Assert.Single(verified.Output.Split('\n'), line => line.Contains(ImageNames.UnprovedInventory)));
    }

    // criu may have been started in a directory that was removed later; then only the log is missing.
    [Fact]
    public async Task A_dump_is_proved_without_a_directory_to_work_in()
    {
        await using var victim = await Victim.Start("plain", 64);
        using var dump = await HandmadeDump.Take(victim);
        HandmadeDump.Spoil(victim.Pid, dump.Largest(victim.Pid).Vaddr);

        var result = await Command.Run("/bin/sh",
            ["-c", "mkdir gone && cd gone && rmdir ../gone && exec \"$0\"", await PreDumpTool.File()],
            dump.WorkDirectory, dump.Environment());

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("the proof is not logged", Assert.Single(result.ErrorLines));
        await dump.AssertProved();
    }

    [Fact]
    public async Task A_dump_of_a_tree_that_runs_fails()
    {
        await using var victim = await Victim.Start("plain", 64);
        using var dump = await HandmadeDump.Take(victim);
        victim.Continue();
        await Eventually.True(() => ProcessView.State(victim.Pid) != 'T', "the victim goes on");
        await AssertRefused(dump, "is not stopped");
    }

    [Fact]
    public async Task A_dump_on_a_parent_whose_pages_are_gone_fails()
    {
        await using var victim = await Victim.Start("plain", 64);
        using var dump = await HandmadeDump.Take(victim);
        using (var pages = File.OpenWrite(Path.Combine(dump.Round, ImageNames.Pages(1))))
            pages.SetLength(pages.Length - (long)Page);
        await AssertRefused(dump, "before the pages that its pagemap lists");
    }

    [Fact]
    public async Task A_dump_on_a_parent_that_is_no_image_fails()
    {
        await using var victim = await Victim.Start("plain", 64);
        using var dump = await HandmadeDump.Take(victim);
        File.WriteAllText(Path.Combine(dump.Round, ImageNames.Pagemap(victim.Pid)), "no pagemap at all");
        await AssertRefused(dump, "not a CRIU pagemap");
    }

    [Fact]
    public async Task A_dump_with_pages_of_a_task_that_is_not_in_the_tree_fails()
    {
        await using var victim = await Victim.Start("plain", 64);
        using var dump = await HandmadeDump.Take(victim);
        File.WriteAllBytes(Path.Combine(dump.Final, ImageNames.Pagemap(1)),
            Bytes.Pagemap(1, new PagemapEntry(0x10000, 1, PageFlags.Parent)));
        await AssertRefused(dump, "no task of the tree has that pid");
    }

    [Fact]
    public async Task A_dump_whose_images_are_shorter_than_they_say_fails()
    {
        await using var victim = await Victim.Start("plain", 64);
        using var dump = await HandmadeDump.Take(victim, run => [run with { NrPages = 1, Flags = PageFlags.Present },
            .. run.NrPages == 1 ? Array.Empty<PagemapEntry>()
                : [new PagemapEntry(run.Vaddr + Page, run.NrPages - 1, PageFlags.Parent)]]);
        HandmadeDump.Spoil(victim.Pid, dump.Largest(victim.Pid).Vaddr + 2 * Page);
        using (var pages = File.OpenWrite(Path.Combine(dump.Final, ImageNames.Pages(1))))
            pages.SetLength(pages.Length - 1);
        await AssertRefused(dump, "pages-1.img");
        Assert.False(File.Exists(Path.Combine(dump.Final, ImageNames.Pages(2))), "what could not be finished is left");
    }

    [Fact]
    public async Task A_dump_that_can_not_be_mended_on_a_full_disk_fails()
    {
        await using var disk = await TinyDisk.Mount(4 << 20);
        await using var victim = await Victim.Start("plain", 64);
        using var dump = await HandmadeDump.Take(victim, run => [run with { Flags = PageFlags.Parent }], disk.Path);
        for (ulong page = 0; page < 30; page++)
            HandmadeDump.Spoil(victim.Pid, dump.Largest(victim.Pid).Vaddr + page * Page);
        long free = new DriveInfo(disk.Path).AvailableFreeSpace;
        await File.WriteAllBytesAsync(Path.Combine(disk.Path, "filler"), new byte[free - 10 * (long)Page],
            TestContext.Current.CancellationToken);
        var pagemap = File.ReadAllBytes(Path.Combine(dump.Final, ImageNames.Pagemap(victim.Pid)));

        await AssertRefused(dump, "No space left on device");

        Assert.Equal(pagemap, File.ReadAllBytes(Path.Combine(dump.Final, ImageNames.Pagemap(victim.Pid))));
        Assert.DoesNotContain(Directory.GetFiles(dump.Final), file =>
            file.EndsWith(".new", StringComparison.Ordinal) || file.EndsWith("pages-2.img", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("PREDUMP_PROVE", "all", "\"all\" is none of: changed, whole")]
    [InlineData("PREDUMP_PROVE", "", "\"\" is none of: changed, whole")]
    [InlineData("PREDUMP_MEND", "Yes", "\"Yes\" is none of: yes, no")]
    public async Task A_dump_with_a_setting_that_is_not_understood_fails(string name, string value, string reason)
    {
        await using var victim = await Victim.Start("plain", 64);
        using var dump = await HandmadeDump.Take(victim);
        await AssertRefused(dump, $"{name}: {reason}", (name, value));
    }

    [Fact]
    public async Task A_dump_without_a_parent_is_taken()
    {
        await using var victim = await Victim.Start("plain", 64);
        using var dump = await HandmadeDump.Take(victim);
        File.Delete(Path.Combine(dump.Final, ImageNames.Parent));
        var result = await dump.Run();
        Assert.Equal((0, ""), (result.ExitCode, result.Errors));
        Assert.Contains("nothing to prove", dump.Log);
        Assert.True(File.Exists(dump.Inventory));
        Assert.True(File.Exists(Path.Combine(dump.Round, ImageNames.Inventory)));
    }

    [Fact]
    public async Task A_dump_to_a_page_server_is_taken_with_a_word()
    {
        await using var victim = await Victim.Start("plain", 64);
        using var dump = await HandmadeDump.Take(victim);
        File.Delete(Path.Combine(dump.Final, ImageNames.Pagemap(victim.Pid)));
        File.Delete(Path.Combine(dump.Final, ImageNames.Pages(1)));
        var result = await dump.Run();
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("on a page server", result.Errors);
        Assert.Contains("on a page server", dump.Log);
        Assert.True(File.Exists(dump.Inventory));
        Assert.True(File.Exists(Path.Combine(dump.Round, ImageNames.Child)));
    }

    [Fact]
    public async Task A_parent_that_was_used_before_proves_nothing_so_that_all_is_compared()
    {
        await using var victim = await Victim.Start("plain", 64);
        using var dump = await HandmadeDump.Take(victim);
        File.WriteAllText(Path.Combine(dump.Round, ImageNames.Child), "/another/dump\n1\n");
        HandmadeDump.Spoil(victim.Pid, dump.Largest(victim.Pid).Vaddr);
        var result = await dump.Run();
        Assert.True(result.ExitCode == 0, result + dump.Log);
        Assert.Contains("another dump or round was made on", dump.Log);
        Assert.Equal(1, dump.Figures()["pages_mended"]);
        Assert.StartsWith(dump.Final, File.ReadAllText(Path.Combine(dump.Round, ImageNames.Child)));
    }

    // This criu refuses such a parent, but others may accept it.
    [Fact]
    public async Task A_parent_that_another_round_has_claimed_proves_nothing_either()
    {
        await using var victim = await Victim.Start("plain", 64);
        using var dump = await HandmadeDump.Take(victim);
        File.Move(Path.Combine(dump.Round, ImageNames.Inventory), Path.Combine(dump.Round, ImageNames.ClaimedInventory));
        HandmadeDump.Spoil(victim.Pid, dump.Largest(victim.Pid).Vaddr);
        var result = await dump.Run();
        Assert.True(result.ExitCode == 0, result + dump.Log);
        Assert.Contains("don't build a round on it", result.Errors);
        Assert.Contains("another dump or round was made on", dump.Log);
        Assert.Equal(1, dump.Figures()["pages_mended"]);
        Assert.False(File.Exists(Path.Combine(dump.Round, ImageNames.Inventory)));
    }

    [Fact]
    public async Task A_dump_on_a_parent_that_is_read_only_is_taken_with_a_warning()
    {
        await using var victim = await Victim.Start("plain", 64);
        using var dump = await HandmadeDump.Take(victim);
        HandmadeDump.Spoil(victim.Pid, dump.Largest(victim.Pid).Vaddr);
        await Command.Must("/bin/mount", "--bind", dump.Round, dump.Round);
        try
        {
            await Command.Must("/bin/mount", "-o", "remount,ro,bind", dump.Round);
            var result = await dump.Run();
            Assert.True(result.ExitCode == 0, result + dump.Log);
            Assert.Contains("Read-only file system", result.Errors);
            await dump.AssertProved();
        }
        finally
        {
            await Command.Must("/bin/umount", dump.Round);
        }
    }

    [Fact]
    public async Task The_administrators_settings_are_heeded_and_the_environment_is_above_them()
    {
        await using var victim = await Victim.Start("plain", 64);
        using var dump = await HandmadeDump.Take(victim);
        HandmadeDump.Spoil(victim.Pid, dump.Largest(victim.Pid).Vaddr);
        async Task<CommandResult> With(string file, params (string, string)[] settings) => await Command.Run("/usr/bin/unshare",
            ["--mount", "/bin/sh",
                "-c", "mount -t tmpfs none /etc && mkdir /etc/predump && "
                    + "printf \"$1\" > /etc/predump/action-script.conf && exec \"$0\"",
                await PreDumpTool.File(), file], dump.WorkDirectory, dump.Environment(settings));

        var mended = await With("# ours\\nmend no # never\\n\\nprove  whole\\n", ("PREDUMP_MEND", "yes"));
        Assert.True(mended.ExitCode == 0, mended.ToString());
        Assert.Contains("the settings ask for it", dump.Log);

        var refused = await With("prove whole\\nmend\\n");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("/etc/predump/action-script.conf, line 2: one setting and its value are wanted", refused.Errors);
    }

    private static async Task AssertRefused(HandmadeDump dump, string reason, params (string, string)[] settings)
    {
        var line = Refusal.Line(Refusal.Failure, await dump.Run(settings));
        Assert.Contains(reason, line);
        Assert.Contains(reason, dump.Log);
        Assert.False(File.Exists(dump.Inventory), "images look whole that are not proved");
        Assert.True(File.Exists(dump.Unproved));
        Assert.False(File.Exists(Path.Combine(dump.Round, ImageNames.Inventory)),
            "the parent looks as if it could be built upon");
        Assert.True(File.Exists(Path.Combine(dump.Round, ImageNames.ClaimedInventory)));
    }
}
