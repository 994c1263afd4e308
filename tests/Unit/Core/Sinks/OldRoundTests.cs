using PreDump.Core;
using PreDump.Core.Sinks;
using PreDump.Images;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Core.Sinks;

/// <summary>Which images a new round may replace, where criu is asked for.</summary>
public sealed class OldRoundTests
{
    private static readonly string[] s_ofARound =
    [
        "inventory.img", "pagemap-1.img", "pagemap-5.img", "pagemap-shmem-7.img", "pages-1.img", "predump-frames",
        "predump-child", "predump-by-content", "predump-children", "irmap-cache.img",
    ];

    private static readonly string[] s_ofOthers = ["descriptors.json", "dump.log", "stats-dump", "tty.info"];

    [Theory]
    [InlineData("inventory.img")]
    [InlineData("inventory.img.unfinished-round")]
    public void A_pre_dump_is_removed_and_all_else_stays(string inventory)
    {
        using var scratch = Images(0, inventory, [.. s_ofARound, .. s_ofOthers]);
        File.CreateSymbolicLink(scratch["parent"], "../0");
        using (var directory = RoundDirectory.Open(scratch.Path, mayHoldOldRound: true))
        {
            Assert.True(File.Exists(scratch[inventory]));
            directory.Renew(Observed.Nothing);
            Assert.Equal([ImageNames.Begun, .. s_ofOthers], Names(scratch));
        }
        Assert.Equal(s_ofOthers, Names(scratch));
    }

    /// <summary>Its first files carry the mark, and nothing else says what it is.</summary>
    [Fact]
    public void What_a_killed_round_has_left_is_removed()
    {
        using var scratch = new Scratch();
        foreach (var name in (string[])[ImageNames.Begun, "pagemap-1.img", "pages-1.img", ".inventory.img.new"])
            scratch.Write(name, []);
        using var directory = RoundDirectory.Open(scratch.Path, mayHoldOldRound: true);
        directory.Renew(Observed.Nothing);
        Assert.Equal([ImageNames.Begun], Names(scratch));
    }

    [Fact]
    public void Its_stripes_are_removed_with_it()
    {
        using var scratch = Images(0, "inventory.img", s_ofARound);
        using (var stripes = DirectoryFd.Open(scratch.Path))
        using (var made = new Stripes(stripes))
            made.Make(2, parent: null);
        File.CreateSymbolicLink(scratch["parent"], "stripes/2");
        using var directory = RoundDirectory.Open(scratch.Path, mayHoldOldRound: true);
        directory.Renew(Observed.Nothing);
        Assert.Equal([ImageNames.Begun], Names(scratch));
    }

    [Theory]
    [InlineData("stripes/notes.txt")]
    [InlineData("stripes/1/notes.txt")]
    [InlineData("stripes")]
    public void What_is_the_users_is_no_stripe(string name)
    {
        using var scratch = Images(0, "inventory.img", s_ofARound);
        Directory.CreateDirectory(Path.GetDirectoryName(scratch[name])!);
        scratch.Write(name, [1]);
        var before = Names(scratch);
        Assert.Throws<PreDumpException>(() => RoundDirectory.Open(scratch.Path, mayHoldOldRound: true));
        Assert.Equal(before, Names(scratch));
    }

    [Fact]
    public void Stripes_that_can_not_be_made_leave_what_was_there()
    {
        using var scratch = new Scratch();
        using var directory = RoundDirectory.Open(scratch.Path);
        scratch.Folder("stripes");
        scratch.Write("stripes/notes.txt", [1]);
        Assert.Throws<PreDumpException>(() => directory.MakeStripes(3, parent: null));
        Assert.True(File.Exists(scratch["stripes/notes.txt"]));
    }

    [Fact]
    public void Stripes_without_a_link_to_them_do_not_stay()
    {
        using var scratch = new Scratch();
        scratch.Folder("parent");
        using var directory = RoundDirectory.Open(scratch.Path);
        Assert.Throws<PreDumpException>(() => directory.MakeStripes(3, parent: null));
        Assert.Equal(["parent"], Names(scratch));
    }

    [Fact]
    public void Images_that_were_made_on_the_old_round_are_named()
    {
        using var scratch = Images(0, "inventory.img", s_ofARound);
        File.WriteAllText(scratch["predump-child"], $"{scratch.Path}\n17\n");
        using var directory = RoundDirectory.Open(scratch.Path, mayHoldOldRound: true);
        var observed = new Observed();
        directory.Renew(observed);
        Assert.Contains(observed.Warnings, line => line.StartsWith($"{scratch.Path} was made on the round that was in"));
    }

    [Fact]
    public void Images_that_compared_with_the_old_round_are_all_named()
    {
        using var scratch = Images(0, "inventory.img", s_ofARound);
        string one = scratch.Folder("one"), other = scratch.Folder("other");
        File.WriteAllText(scratch["predump-children"], $"{one}\n{other}\n{one}\n{scratch["gone"]}\n");
        using var directory = RoundDirectory.Open(scratch.Path, mayHoldOldRound: true);
        var observed = new Observed();
        directory.Renew(observed);
        Assert.Equal([one, other], observed.Warnings.Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public void Two_rounds_at_a_time_do_not_remove_each_other()
    {
        using var scratch = new Scratch();
        using RoundDirectory first = RoundDirectory.Open(scratch.Path, true), second = RoundDirectory.Open(scratch.Path, true);
        first.Renew(Observed.Nothing);
        var refused = Assert.Throws<PreDumpException>(() => second.Renew(Observed.Nothing));
        Assert.Contains("another round is being made", refused.Message);
    }

    [Theory]
    [InlineData(2, "inventory.img", "")] // a full dump
    [InlineData(1, "inventory.img", "")]
    [InlineData(0, "inventory.img", "core-1.img")]
    [InlineData(0, "inventory.img", "pstree.img")]
    [InlineData(0, "inventory.img", "inventory.img.unproved")]
    [InlineData(0, "inventory.img", "predump-page-server")]
    [InlineData(0, "other-inventory", "pagemap-2.img")] // pages of a dump whose inventory is on another machine
    public void A_final_dump_and_what_could_be_one_is_refused(int version, string inventory, string more)
    {
        using var scratch = Images((uint)version, inventory, ["pagemap-1.img", "pages-1.img"]);
        if (more.Length > 0)
            scratch.Write(more, []);
        var before = Names(scratch);
        var refused = Assert.Throws<PreDumpException>(() => RoundDirectory.Open(scratch.Path, mayHoldOldRound: true));
        Assert.Contains("already contains images", refused.Message);
        Assert.Equal(before, Names(scratch));
    }

    [Fact]
    public void An_inventory_that_is_damaged_is_not_removed()
    {
        using var scratch = new Scratch();
        scratch.Write("inventory.img", [1, 2, 3]);
        Assert.Throws<ImageException>(() => RoundDirectory.Open(scratch.Path, mayHoldOldRound: true));
        Assert.Equal(["inventory.img"], Names(scratch));
    }

    [Fact]
    public void Where_criu_is_not_asked_for_no_images_are_replaced()
    {
        using var scratch = Images(0, "inventory.img", s_ofARound);
        Assert.Throws<PreDumpException>(() => RoundDirectory.Open(scratch.Path));
    }

    [Fact]
    public void The_mark_is_gone_once_the_images_are_complete()
    {
        using var scratch = new Scratch();
        using (var directory = RoundDirectory.Open(scratch.Path, mayHoldOldRound: true))
        {
            directory.Renew(Observed.Nothing);
            directory.Complete([1]);
        }
        Assert.Equal(["inventory.img"], Names(scratch));
    }

    /// <summary>The way to an engine's directory: through the descriptor that it holds, from which the kernel goes on.</summary>
    [Fact]
    public void A_parent_is_found_from_the_images_directory_even_through_a_descriptor()
    {
        using var scratch = new Scratch();
        string parent = scratch.Folder("parent"), images = scratch.Folder("images");
        using var held = PreDump.Linux.DirectoryFd.Open(images);
        foreach (var way in (string[])[$"/proc/self/fd/{held.Number}", $"/proc/{Environment.ProcessId}/fd/{held.Number}/"])
        {
            using var directory = RoundDirectory.Open(way);
            using var found = directory.OpenPrevious("../parent");
            Assert.Equal(parent, found.Path);
        }
    }

    private static Scratch Images(uint version, string inventory, string[] names)
    {
        var scratch = new Scratch();
        foreach (var name in names)
            scratch.Write(name, []);
        File.Delete(scratch["inventory.img"]);
        byte[] image = new byte[InventoryImage.MaxBytes];
        image = image[..InventoryImage.Write(image, 1, 2)];
        image[9] = (byte)version; // of its first field, behind a magic, a length and a tag
        scratch.Write(inventory, image);
        return scratch;
    }

    private static string[] Names(Scratch scratch) =>
        [.. Directory.GetFileSystemEntries(scratch.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
