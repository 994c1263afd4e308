using PreDump.Core;
using PreDump.Core.Parents;
using PreDump.Core.Reading;
using PreDump.Core.Sinks;
using PreDump.Images;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Core.Parents;

/// <summary>Which parents are refused, and what happens to a parent during a round on it.</summary>
public sealed class ParentRoundTests : IDisposable
{
    private static readonly int s_pid = Environment.ProcessId;
    private static readonly TreeRoot s_self = new(s_pid, ProcFs.StartTime(s_pid), s_pid, "test");

    private readonly HandmadeRounds _folder = new();
    private readonly string _parent;

    public ParentRoundTests()
    {
        _parent = _folder.Round("1", uptimeMicroseconds: ProcFs.UptimeMicroseconds());
        _folder.Task(_parent, s_pid, 1, (10, 4, PageFlags.Present));
        Directory.CreateDirectory(Path.Combine(_folder.Path, "2"));
    }

    private string Inventory => Path.Combine(_parent, ImageNames.Inventory);

    [Fact]
    public void A_parent_is_out_of_the_way_during_a_round_and_back_after_it()
    {
        using (var round = Open("../1")!)
        {
            round.Claim!.Take();
            Assert.False(File.Exists(Inventory));
            round.Claim!.TrackingIsReset();
            round.Claim!.Complete(Path.Combine(_folder.Path, "2"), 7);
        }
        Assert.True(File.Exists(Inventory));
    }

    [Fact]
    public void A_parent_is_no_parent_again_after_a_round_that_ended_well_even_if_that_is_gone()
    {
        Finish("../1", "2");
        Directory.Delete(Path.Combine(_folder.Path, "2"));
        Directory.CreateDirectory(Path.Combine(_folder.Path, "2"));

        var reason = Refused("../1");

        Assert.Contains($"{Path.Combine(_folder.Path, "2")} was made on it already", reason);
        Assert.Contains("begin with a full round", reason);
        var mark = Path.Combine(_parent, ImageNames.Child);
        Assert.Equal($"{Path.Combine(_folder.Path, "2")}\n7\n", File.ReadAllText(mark));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(mark));
    }

    [Fact]
    public void A_parent_with_a_mark_is_refused_whatever_the_mark_is()
    {
        var mark = Path.Combine(_parent, ImageNames.Child);
        File.CreateSymbolicLink(mark, "/nonexistent");
        Assert.Contains("another round was made on it already", Refused("../1"));
        File.Delete(mark);
        File.WriteAllBytes(mark, new byte[1_000_000]);
        Assert.Contains("was made on it already", Refused("../1"));
    }

    /// <summary>Its marks would be made beside the link, and the round that it leads to could be used once more.</summary>
    [Fact]
    public void A_parent_that_is_made_of_links_to_files_is_refused()
    {
        var farm = Directory.CreateDirectory(Path.Combine(_folder.Path, "farm")).FullName;
        foreach (var image in Directory.GetFiles(_parent))
            File.CreateSymbolicLink(Path.Combine(farm, Path.GetFileName(image)), image);
        Assert.Contains($"{Path.Combine(farm, ImageNames.Inventory)} is a symbolic link to {Inventory}", Refused("../farm"));
        Assert.True(File.Exists(Inventory));
    }

    [Fact]
    public void Of_two_rounds_that_begin_on_one_parent_at_once_one_is_refused()
    {
        using var one = Open("../1")!;
        using var other = Open("../1")!;
        one.Claim!.Take();
        Assert.Contains("has just begun", Assert.Throws<PreDumpException>(other.Claim!.Take).Message);
        other.Dispose();
        Assert.False(File.Exists(Inventory)); // still that of the first round
        one.Claim!.TrackingIsReset();
        one.Claim!.Complete(Path.Combine(_folder.Path, "2"), 7);
        Assert.True(File.Exists(Inventory));
    }

    [Fact]
    public void A_round_is_refused_if_another_on_its_parent_ended_before_it_began()
    {
        using (var late = Open("../1")!)
        {
            Finish("../1", "2");
            Assert.Contains("was made on it already", Assert.Throws<PreDumpException>(late.Claim!.Take).Message);
        }
        Assert.True(File.Exists(Inventory));
    }

    [Fact]
    public void A_parent_that_can_not_be_marked_stays_claimed()
    {
        using (var round = Open("../1")!)
        {
            round.Claim!.Take();
            round.Claim!.TrackingIsReset();
            File.CreateSymbolicLink(Path.Combine(_parent, ImageNames.Child), "/nonexistent"); // no file is written there
            round.Claim!.Complete(Path.Combine(_folder.Path, "2"), 7);
        }
        Assert.False(File.Exists(Inventory));
        Assert.False(File.Exists("/nonexistent"));
    }

    [Fact]
    public void A_parent_is_back_after_a_round_that_failed_before_tracking_was_reset()
    {
        using (var round = Open("../1")!)
            round.Claim!.Take();
        Assert.True(File.Exists(Inventory));
    }

    [Fact]
    public void A_parent_is_refused_after_a_round_that_failed_once_tracking_was_reset()
    {
        using (var round = Open("../1")!)
        {
            round.Claim!.Take();
            round.Claim!.TrackingIsReset();
        }
        Assert.False(File.Exists(Inventory));
        Assert.Contains("begin with a full round", Refused("../1"));
    }

    [Fact]
    public void A_parent_of_another_tree_is_refused()
    {
        File.Move(Path.Combine(_parent, ImageNames.Pagemap(s_pid)), Path.Combine(_parent, ImageNames.Pagemap(1)));
        Assert.Contains("of another tree", Refused("../1"));
    }

    [Fact]
    public void A_parent_that_is_older_than_the_task_is_of_another_tree()
    {
        _folder.Round("1", uptimeMicroseconds: 1);
        Assert.Contains("of another tree", Refused("../1"));
    }

    [Fact]
    public void A_parent_from_before_the_last_boot_is_refused()
    {
        _folder.Round("1", uptimeMicroseconds: ulong.MaxValue);
        Assert.Contains("before this machine booted", Refused("../1"));
    }

    [Theory]
    [InlineData("/absolute", "relative to the images directory")]
    [InlineData("../none", "is not a directory")]
    [InlineData(".", "the images directory itself")]
    public void A_path_that_leads_to_no_parent_is_refused(string path, string reason) => Assert.Contains(reason, Refused(path));

    [Fact]
    public void A_damaged_parent_is_refused_before_anything_is_done()
    {
        var pagemap = Path.Combine(_parent, ImageNames.Pagemap(s_pid));
        File.WriteAllBytes(pagemap, File.ReadAllBytes(pagemap)[..^1]);
        Assert.Throws<ImageException>(() => Open("../1"));
    }

    [Fact]
    public async Task Tasks_with_little_that_is_dirty_are_not_compared_and_small_ones_are_judged_together()
    {
        const ulong KiB = 1024, MiB = 1024 * KiB;
        using var sleeper = await Sleeper.Start();
        using var tree = await TreeInParent(sleeper);
        var task = tree.Tasks[0];
        using var round = Open("../1")!;
        Assert.True(round.Has(task));

        using var little = round.PagesOf(task, 255 * KiB)!;
        Assert.False(IsCompared(little));
        Assert.True(IsCompared(little, suspect: true)); // pages that look clean but may not be are always compared
        using var small = round.PagesOf(task, 256 * KiB)!;
        using var other = round.PagesOf(task, 16 * MiB - 1)!;
        using var large = round.PagesOf(task, 16 * MiB)!;
        small.Note(4 * MiB, 0);

        Assert.False(IsCompared(other));
        Assert.True(IsCompared(large));
    }

    [Fact]
    public async Task A_round_may_be_told_to_compare_nothing_but_suspects()
    {
        using var sleeper = await Sleeper.Start();
        using var tree = await TreeInParent(sleeper);
        using var round = Open("../1", compare: false)!;
        Assert.True(round.Has(tree.Tasks[0]));
        using var pages = round.PagesOf(tree.Tasks[0], ulong.MaxValue)!;
        Assert.False(IsCompared(pages));
        Assert.True(IsCompared(pages, suspect: true));
    }

    [Fact]
    public void A_parent_is_refused_where_the_kernel_has_no_soft_dirty() =>
        Assert.Contains("no soft-dirty", Assert.Throws<PreDumpException>(() => Open("../1", tracks: false)).Message);

    public void Dispose() => _folder.Dispose();

    private async Task<ProcessTree> TreeInParent(Sleeper sleeper)
    {
        await Task.Delay(30); // a few clock ticks older than the round
        _folder.Round("1", uptimeMicroseconds: ProcFs.UptimeMicroseconds());
        _folder.Task(_parent, sleeper.Pid, 1, (10, 4, PageFlags.Present));
        var tree = new ProcessTree(TreeRoot.Find(sleeper.Pid));
        tree.Scan((_, _) => { });
        return tree;
    }

    private static bool IsCompared(ParentPages pages, bool suspect = false)
    {
        pages.Locate(new MemoryRange(PageSize.BytesOf(10), PageSize.Step), suspect, out var place);
        return place.Round is not null;
    }

    [Fact]
    public void A_parent_is_found_from_where_a_link_leads_as_the_kernel_finds_it()
    {
        // link/deep -> real/2, whose ../1 is real/1; a decoy lies where the path leads textually
        Directory.CreateDirectory(Path.Combine(_folder.Path, "link", "1"));
        Directory.CreateSymbolicLink(Path.Combine(_folder.Path, "link", "latest"), Path.Combine(_folder.Path, "2"));

        using (var round = Open("../1", imagesDirectory: "link/latest")!)
        {
            round.Claim!.Take();
            round.Claim!.TrackingIsReset();
            round.Claim!.Complete(Path.Combine(_folder.Path, "2"), 7);
        }

        Assert.True(File.Exists(Path.Combine(_parent, ImageNames.Child)));
        Assert.Contains("was made on it already",
            Assert.Throws<PreDumpException>(() => Open("../1", imagesDirectory: "link/latest")).Message);
        Assert.Contains("was made on it already", Refused("../1"));
    }

    [Fact]
    public void The_images_directory_itself_is_no_parent_by_whatever_name()
    {
        Directory.CreateSymbolicLink(Path.Combine(_folder.Path, "other"), "2");
        Assert.Contains("the images directory itself", Refused("../other"));
    }

    private string Refused(string path) => Assert.Throws<PreDumpException>(() => Open(path)).Message;

    private void Finish(string parent, string child)
    {
        using var round = Open(parent)!;
        round.Claim!.Take();
        round.Claim!.TrackingIsReset();
        round.Claim!.Complete(Path.Combine(_folder.Path, child), 7);
    }

    private ParentRound? Open(string path, bool tracks = true, bool compare = true, Observed? observed = null,
        string imagesDirectory = "2")
    {
        using var images = RoundDirectory.Open(Path.Combine(_folder.Path, imagesDirectory));
        return ParentRound.Open(new ParentRequest(s_self, path, compare), images, new MadeUpTracker(tracks), openRemote: null,
            observed ?? Observed.Nothing);
    }
}
