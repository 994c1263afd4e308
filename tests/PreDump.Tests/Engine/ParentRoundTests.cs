using PreDump.Cli;
using PreDump.Engine;
using PreDump.Images;
using PreDump.Linux;
using Serilog;
using Xunit;

namespace PreDump.Tests.Engine;

/// <summary>Which parents are refused, and what happens to one while a round on it is under way.</summary>
public sealed class ParentRoundTests : IDisposable
{
    private static readonly int s_pid = Environment.ProcessId;
    private static readonly ILogger s_log = new LoggerConfiguration().CreateLogger();

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
    public void Without_soft_dirty_it_is_refused() =>
        Assert.Contains("no soft-dirty", Assert.Throws<PreDumpException>(() => Open("../1", softDirty: false)).Message);

    public void Dispose() => _folder.Dispose();

    private string Refused(string path) => Assert.Throws<PreDumpException>(() => Open(path)).Message;

    private ParentRound? Open(string path, bool softDirty = true)
    {
        var options = new PreDumpOptions
        {
            Tree = s_pid,
            ImagesDirectory = Path.Combine(_folder.Path, "2"),
            WorkDirectory = _folder.Path,
            Timeout = TimeSpan.FromSeconds(1),
            PrevImagesDirectory = path,
        };
        using var images = ImagesDirectory.Open(options.ImagesDirectory);
        return ParentRound.Open(options, images, softDirty, s_log);
    }
}
