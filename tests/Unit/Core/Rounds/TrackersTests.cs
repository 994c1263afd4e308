using PreDump.Core;
using PreDump.Core.Parents;
using PreDump.Core.Rounds;
using PreDump.Core.Sinks;
using PreDump.Core.Tracking;
using PreDump.Images;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Core.Rounds;

/// <summary>How a round finds changes: by what is asked for, by its parent, by the kernel.</summary>
public sealed class TrackersTests : IDisposable
{
    private readonly HandmadeRounds _folder = new();

    public TrackersTests()
    {
        _folder.Round("by-soft-dirty");
        File.WriteAllText(Path.Combine(_folder.Round("by-content"), ImageNames.ByContent), "");
        Directory.CreateDirectory(Path.Combine(_folder.Path, "new"));
    }

    [Theory]
    [InlineData(TrackingMethod.Content, null)]
    [InlineData(TrackingMethod.Content, "../by-soft-dirty")] // its bytes are as good as any
    [InlineData(TrackingMethod.Content, "../by-content")]
    [InlineData(TrackingMethod.Auto, "../by-content")]
    public void Contents_are_compared(TrackingMethod asked, string? parent)
    {
        var tracker = Assert.IsType<ContentTracker>(Choose(asked, parent));
        Assert.True(tracker is { Works: true, ComparesAll: true, IsTrusted: true });
    }

    [Theory]
    [InlineData(null)]
    [InlineData("../by-soft-dirty")]
    public void Soft_dirty_is_used_if_it_is_asked_for(string? parent) =>
        Assert.False(Assert.IsType<SoftDirtyTracker>(Choose(TrackingMethod.SoftDirty, parent)).ComparesAll);

    [Theory]
    [InlineData(null)]
    [InlineData("../by-soft-dirty")]
    public void Otherwise_the_kernel_decides(string? parent) =>
        Assert.Equal(!SoftDirty.IsSupported(), Choose(TrackingMethod.Auto, parent).ComparesAll);

    /// <summary>The tracking was not reset with it.</summary>
    [Fact]
    public void Soft_dirty_is_refused_upon_a_round_by_content()
    {
        var refused = Assert.Throws<PreDumpException>(() => Choose(TrackingMethod.SoftDirty, "../by-content"));
        Assert.Contains("go on by content, or begin with a full round", refused.Message);
        Assert.Equal([RoundInput.Tracking], refused.About);
    }

    [Fact]
    public void A_parent_that_does_not_exist_is_refused() =>
        Assert.Throws<PreDumpException>(() => Choose(TrackingMethod.Auto, "../nowhere"));

    public void Dispose() => _folder.Dispose();

    private IDirtyTracker Choose(TrackingMethod asked, string? parent)
    {
        using var images = RoundDirectory.Open(Path.Combine(_folder.Path, "new"));
        var root = new TreeRoot(1, 0, 1, "test");
        return Trackers.Choose(asked, trustSoftDirty: false, new ParentRequest(root, parent), images);
    }
}
