using PreDump.Images;
using Xunit;

namespace PreDump.Tests.EndToEnd.Faults;

/// <summary>What would fail when all is copied, and cost the parent, is found out before the first task is frozen.</summary>
public sealed class LateFailureTests
{
    [Theory]
    [InlineData("of the kernel", "can't be written")]
    [InlineData("read-only", "Read-only file system")]
    [InlineData("without room", "No space left on device")]
    [InlineData("without room for a name", "No space left on device")]
    [InlineData("immutable", "immutable")]
    [InlineData("append-only", "append-only")]
    [InlineData("with a directory of that name", "Is a directory")]
    [InlineData("with an immutable file of that name", "immutable")]
    public async Task A_work_directory_that_can_not_be_written_is_refused(string kind, string expected)
    {
        await using var parent = await UnspentParent.Make();
        await using var disk = await TinyDisk.Mount(4096, kind == "without room for a name" ? 2 : null);
        string work = kind is "immutable" or "append-only" || kind.Contains("name", StringComparison.Ordinal)
            && !kind.StartsWith("without", StringComparison.Ordinal) ? parent.Other : disk.Path;
        string stats = Path.Combine(work, ImageNames.Stats);
        string? locked = null;
        switch (kind)
        {
            case "of the kernel":
                work = "/sys/kernel";
                break;
            case "read-only":
                await Command.Must("/bin/mount", "-o", "remount,ro", work);
                break;
            case "without room":
                File.WriteAllBytes(Path.Combine(work, "ballast"), new byte[4096]);
                break;
            case "without room for a name":
                File.WriteAllText(Path.Combine(work, "ballast"), "");
                break;
            case "with a directory of that name":
                Directory.CreateDirectory(stats);
                break;
            case "with an immutable file of that name":
                File.WriteAllText(stats, "");
                await Attributes.Set("+i", locked = stats);
                break;
            default:
                await Attributes.Set(kind == "immutable" ? "+i" : "+a", locked = work);
                break;
        }
        try
        {
            Assert.Contains(expected, await parent.AssertRefused([], ["--work-dir", work]));
        }
        finally
        {
            if (locked is not null)
                await Attributes.Set("-ia", locked);
        }
    }

    [Fact]
    public async Task An_images_directory_in_which_nothing_may_be_renamed_is_refused()
    {
        await using var parent = await UnspentParent.Make();
        await Attributes.Set("+a", parent.Images);
        Task Clear() => Attributes.Set("-a", parent.Images);
        try
        {
            Assert.Contains("append-only", await parent.AssertRefused([], [], Clear));
        }
        finally
        {
            await Clear();
        }
    }

    /// <summary>As on a USB stick with FAT. (This file system, tests/victims/faultyfs.c, has no links either.)</summary>
    [Fact]
    public async Task An_images_directory_without_symbolic_links_is_refused_as_a_second_round()
    {
        await using var parent = await UnspentParent.Make();
        await using var server = await Victim.Start("faultyfs", int.MaxValue, parent.Images, "at once");
        async Task Unmount() => await Command.Must("/bin/umount", parent.Images);
        bool unmounted = false;
        try
        {
            var line = await parent.AssertRefused([], [], () =>
            {
                unmounted = true;
                return Unmount();
            });
            Assert.Contains("the link by which CRIU finds the parent", line);
        }
        finally
        {
            if (!unmounted)
                await Unmount();
        }
    }

    [Fact]
    public async Task A_parent_without_room_for_its_mark_is_refused_and_stays_a_parent()
    {
        const int Bytes = 4 << 20;
        await using var disk = await TinyDisk.Mount(Bytes);
        await using var parent = await UnspentParent.Make(disk.Path);
        string ballast = Path.Combine(disk.Path, "ballast");
        long used = Directory.GetFiles(disk.Path).Sum(file => (new FileInfo(file).Length + 4095) / 4096 * 4096);
        File.WriteAllBytes(ballast, new byte[Bytes - used]);

        var line = await parent.AssertRefused([], [], () =>
        {
            File.Delete(ballast);
            return Task.CompletedTask;
        });

        Assert.Contains("can't be marked", line);
        Assert.Contains("No space left on device", line);
        Assert.True(File.Exists(Path.Combine(disk.Path, ImageNames.Child)));
        Assert.False(File.Exists(Path.Combine(disk.Path, ImageNames.NewChild)));
    }
}
