using PreDump.Core;
using PreDump.Core.Parents;
using PreDump.Core.Reading;
using PreDump.Core.Sinks;
using PreDump.Images;
using PreDump.Linux;
using PreDump.Tests.Support;
using Xunit;

namespace PreDump.Tests.Engine;

/// <summary>Which parents are refused, and what happens to one while a round on it is under way.</summary>
public sealed class ParentRoundTests : IDisposable
{
    private static readonly int s_pid = Environment.ProcessId;

    private readonly ImageFolder _folder = new();
    private readonly string _parent;

    public ParentRoundTests()
    {
        _parent = _folder.Round("1", uptimeMicroseconds: ProcFs.UptimeMicroseconds());
        _folder.Task(_parent, s_pid, 1, (10, 4, PageFlags.Present));
        Directory.CreateDirectory(Path.Combine(_folder.Path, "2"));
    }

    private string Inventory => Path.Combine(_parent, ImageNames.Inventory);

    [Fact]
    public void Is_out_of_the_way_during_a_round_and_back_after_it()
    {
        using (var round = Open("../1")!)
        {
            round.Claim();
            Assert.False(File.Exists(Inventory));
            round.TrackingIsReset();
            round.Complete(Path.Combine(_folder.Path, "2"), 7);
        }
        Assert.True(File.Exists(Inventory));
    }

    [Fact]
    public void Is_no_parent_again_after_a_round_that_ended_well_even_if_that_is_gone()
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
    public void A_mark_is_heeded_whatever_it_is()
    {
        var mark = Path.Combine(_parent, ImageNames.Child);
        File.CreateSymbolicLink(mark, "/nonexistent");
        Assert.Contains("another round was made on it already", Refused("../1"));
        File.Delete(mark);
        File.WriteAllBytes(mark, new byte[1_000_000]);
        Assert.Contains("was made on it already", Refused("../1"));
    }

    [Fact]
    public void Of_two_rounds_that_begin_at_once_one_is_refused()
    {
        using var one = Open("../1")!;
        using var other = Open("../1")!;
        one.Claim();
        Assert.Contains("has just begun", Assert.Throws<PreDumpException>(other.Claim).Message);
        other.Dispose();
        Assert.False(File.Exists(Inventory)); // still the first one's
        one.TrackingIsReset();
        one.Complete(Path.Combine(_folder.Path, "2"), 7);
        Assert.True(File.Exists(Inventory));
    }

    [Fact]
    public void Of_two_rounds_one_of_which_ended_before_the_other_began_one_is_refused()
    {
        using (var late = Open("../1")!)
        {
            Finish("../1", "2");
            Assert.Contains("was made on it already", Assert.Throws<PreDumpException>(late.Claim).Message);
        }
        Assert.True(File.Exists(Inventory));
    }

    [Fact]
    public void That_can_not_be_marked_stays_claimed()
    {
        using (var round = Open("../1")!)
        {
            round.Claim();
            round.TrackingIsReset();
            File.CreateSymbolicLink(Path.Combine(_parent, ImageNames.Child), "/nonexistent"); // nothing is written there
            round.Complete(Path.Combine(_folder.Path, "2"), 7);
        }
        Assert.False(File.Exists(Inventory));
        Assert.False(File.Exists("/nonexistent"));
    }

    [Fact]
    public async Task That_is_read_only_is_taken_with_a_warning()
    {
        Requires.Root();
        await Command.Must("/bin/mount", "--bind", _parent, _parent);
        try
        {
            await Command.Must("/bin/mount", "-o", "remount,ro,bind", _parent);
            var observed = new Observed();
            using (var round = Open("../1", observed: observed)!)
            {
                round.Claim();
                round.TrackingIsReset();
                round.Complete(Path.Combine(_folder.Path, "2"), 7);
            }
            Assert.True(File.Exists(Inventory));
            var warning = Assert.Single(observed.Warnings, told => !told.Contains("frame ledger", StringComparison.Ordinal));
            Assert.Contains("Read-only file system", warning);
            Assert.Contains("whether this round succeeds or fails, don't give it to --prev-images-dir again", warning);
        }
        finally
        {
            await Command.Must("/bin/umount", _parent);
        }
    }

    [Fact]
    public void Is_back_after_a_round_that_failed_before_tracking_was_reset()
    {
        using (var round = Open("../1")!)
            round.Claim();
        Assert.True(File.Exists(Inventory));
    }

    [Fact]
    public void Stays_out_of_the_way_after_a_round_that_failed_later_and_is_refused_from_then_on()
    {
        using (var round = Open("../1")!)
        {
            round.Claim();
            round.TrackingIsReset();
        }
        Assert.False(File.Exists(Inventory));
        Assert.Contains("begin with a full round", Refused("../1"));
    }

    [Fact]
    public void Of_another_tree_is_refused()
    {
        File.Move(Path.Combine(_parent, ImageNames.Pagemap(s_pid)), Path.Combine(_parent, ImageNames.Pagemap(1)));
        Assert.Contains("of another tree", Refused("../1"));
    }

    [Fact]
    public void Older_than_the_task_is_of_another_tree()
    {
        _folder.Round("1", uptimeMicroseconds: 1);
        Assert.Contains("of another tree", Refused("../1"));
    }

    [Fact]
    public void From_before_the_last_boot_is_refused()
    {
        _folder.Round("1", uptimeMicroseconds: ulong.MaxValue);
        Assert.Contains("before this machine was started", Refused("../1"));
    }

    [Theory]
    [InlineData("/absolute", "relative to the images directory")]
    [InlineData("../none", "is no directory")]
    [InlineData(".", "the images directory itself")]
    public void A_wrong_path_is_refused(string path, string reason) => Assert.Contains(reason, Refused(path));

    [Fact]
    public void Damaged_is_refused_before_anything_is_done()
    {
        var pagemap = Path.Combine(_parent, ImageNames.Pagemap(s_pid));
        File.WriteAllBytes(pagemap, File.ReadAllBytes(pagemap)[..^1]);
        Assert.Throws<ImageException>(() => Open("../1"));
    }

    [Fact]
    public async Task Of_a_task_with_little_that_is_dirty_nothing_is_compared_and_small_tasks_are_judged_together()
    {
        const ulong KiB = 1024, MiB = 1024 * KiB;
        await using var victim = await Victim.Fixture("plain");
        using var tree = await TreeInParent(victim);
        var task = tree.Tasks[0];
        using var round = Open("../1")!;
        Assert.Null(round.PagesOf(task, MiB)); // not known yet
        Assert.True(round.Has(task));

        using var little = round.PagesOf(task, 255 * KiB)!;
        Assert.False(IsCompared(little));
        Assert.True(IsCompared(little, suspect: true)); // what looks clean and is not certainly so, always is
        using var small = round.PagesOf(task, 256 * KiB)!;
        using var other = round.PagesOf(task, 16 * MiB - 1)!;
        using var large = round.PagesOf(task, 16 * MiB)!;
        small.Note(4 * MiB, 0);

        Assert.False(IsCompared(other));
        Assert.True(IsCompared(large));
    }

    [Fact]
    public async Task It_may_be_told_to_compare_nothing()
    {
        await using var victim = await Victim.Fixture("plain");
        using var tree = await TreeInParent(victim);
        using var round = Open("../1", compare: false)!;
        Assert.True(round.Has(tree.Tasks[0]));
        using var pages = round.PagesOf(tree.Tasks[0], ulong.MaxValue)!;
        Assert.False(IsCompared(pages));
        Assert.True(IsCompared(pages, suspect: true));
    }

    [Fact]
    public void Without_soft_dirty_it_is_refused() =>
        Assert.Contains("no soft-dirty", Assert.Throws<PreDumpException>(() => Open("../1", softDirty: false)).Message);

    public void Dispose() => _folder.Dispose();

    private async Task<ProcessTree> TreeInParent(Victim victim)
    {
        await Task.Delay(30); // some ticks older than the round
        _folder.Round("1", uptimeMicroseconds: ProcFs.UptimeMicroseconds());
        _folder.Task(_parent, victim.Pid, 1, (10, 4, PageFlags.Present));
        var tree = new ProcessTree(victim.Pid);
        tree.Scan((_, _) => { });
        return tree;
    }

    private static bool IsCompared(ParentPages pages, bool suspect = false)
    {
        pages.Locate(new MemoryRange(PageSize.BytesOf(10), PageSize.Ulong), suspect, out var place);
        return place.Round is not null;
    }

    private string Refused(string path) => Assert.Throws<PreDumpException>(() => Open(path)).Message;

    private void Finish(string parent, string child)
    {
        using var round = Open(parent)!;
        round.Claim();
        round.TrackingIsReset();
        round.Complete(Path.Combine(_folder.Path, child), 7);
    }

    private ParentRound? Open(string path, bool softDirty = true, bool compare = true, Observed? observed = null)
    {
        using var images = RoundDirectory.Open(Path.Combine(_folder.Path, "2"));
        return ParentRound.Open(new ParentRequest(s_pid, path, compare), images, softDirty, elsewhere: null, observed ?? Observed.Nothing);
    }
}
