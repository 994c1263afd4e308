using PreDump.Core;
using PreDump.Core.Tracking;
using PreDump.Images;
using PreDump.Linux;
using PreDump.Settings;

namespace PreDump.Series;

/// <summary>How the rounds of a series find changes: one way for all of them, for the final dump has to fit.</summary>
internal static class SeriesTracking
{
    /// <summary>The settings, with automatic tracking decided: a series that was begun by content goes on so.</summary>
    /// <exception cref="PreDumpException">Soft-dirty is asked for, and the kernel does not have it.</exception>
    public static SeriesSettings Decide(SeriesSettings settings)
    {
        var round = settings.Round;
        if (round.Tracking == TrackingMethod.SoftDirty && !SoftDirty.IsSupported())
            throw new PreDumpException("this kernel does not track changed memory (no soft-dirty), so rounds can't be built "
                + "upon one another that way: go on by content", RoundInput.Tracking, RoundInput.Kernel);
        return round.Tracking != TrackingMethod.Auto ? settings : settings with
        {
            Round = round with
            {
                Tracking = !SoftDirty.IsSupported() || WasBegunByContent(round.ImagesDirectory)
                    ? TrackingMethod.Content
                    : TrackingMethod.SoftDirty,
            },
        };
    }

    private static bool WasBegunByContent(string directory)
    {
        if (!DirectoryFd.Exists(directory))
            return false;
        var series = Core.Series.SeriesDirectory.Open(directory);
        using var last = DirectoryFd.TryOpen(series.Of(series.Last), out _);
        return last?.Has(ImageNames.ByContent) == true;
    }
}
