using PreDump.Core.Series;
using PreDump.Images;
using Xunit;

namespace PreDump.Tests.Unit.Core.Series;

/// <summary>Which round a series goes on from.</summary>
public sealed class SeriesDirectoryTests : IDisposable
{
    private readonly Scratch _scratch = new();

    [Fact]
    public void A_new_directory_is_made_and_has_no_round()
    {
        var series = SeriesDirectory.Open(_scratch["new"]);
        Assert.Equal((0, null), (series.Last, series.Resume()));
        Assert.Equal(1, series.Begin());
        Assert.Equal(2, series.Begin());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(_scratch["new/1"]));
    }

    [Fact]
    public void It_goes_on_from_the_last_round_if_that_is_whole()
    {
        Round(1);
        Round(2);
        Directory.CreateDirectory(_scratch["010"]);
        Directory.CreateDirectory(_scratch["logs"]);
        Assert.Equal(2, SeriesDirectory.Open(_scratch.Path).Resume());
        Assert.True(File.Exists(_scratch["2/" + ImageNames.Frames]));
    }

    /// <summary>criu resets the tracking before it fails, and leaves no trace in the parent.</summary>
    [Fact]
    public void After_a_dump_that_failed_the_frames_of_the_round_before_prove_nothing()
    {
        Round(1);
        Round(2);
        Directory.CreateDirectory(_scratch["3"]);
        Assert.Equal(2, SeriesDirectory.Open(_scratch.Path).Resume());
        Assert.False(File.Exists(_scratch["2/" + ImageNames.Frames]));
        Assert.True(File.Exists(_scratch["1/" + ImageNames.Frames]));
    }

    [Fact]
    public void It_begins_anew_where_no_round_is_whole()
    {
        Directory.CreateDirectory(_scratch["1"]);
        Directory.CreateDirectory(_scratch["2"]);
        var series = SeriesDirectory.Open(_scratch.Path);
        Assert.Null(series.Resume());
        Assert.Equal(3, series.Begin());
    }

    [Fact]
    public void Only_an_empty_directory_is_abandoned()
    {
        var series = SeriesDirectory.Open(_scratch.Path);
        Round(series.Begin());
        series.Begin();
        series.Abandon(1);
        series.Abandon(2);
        Assert.Equal(1, series.Last);
    }

    public void Dispose() => _scratch.Dispose();

    private void Round(int number)
    {
        var folder = Directory.CreateDirectory(_scratch[$"{number}"]).FullName;
        File.WriteAllText(Path.Combine(folder, ImageNames.Inventory), "");
        File.WriteAllText(Path.Combine(folder, ImageNames.Frames), "");
    }
}
