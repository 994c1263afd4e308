using PreDump.Core.Parents;
using PreDump.Core.Sinks;
using PreDump.Core.Tracking;
using PreDump.Images;
using PreDump.Linux;

namespace PreDump.Core.Rounds;

/// <summary>Chooses the tracker of a round.</summary>
public static class Trackers
{
    /// <summary>Chooses it. The parent counts: only a round that has reset the tracking can be one for soft-dirty.</summary>
    /// <param name="asked">What is asked for.</param>
    /// <param name="trustSoftDirty">Whether soft-dirty is trusted alone.</param>
    /// <param name="parent">The parent that is asked for.</param>
    /// <param name="images">The directory of the round.</param>
    /// <exception cref="PreDumpException">The parent is no directory, or does not go with what is asked for.</exception>
    public static IDirtyTracker Choose(
        TrackingMethod asked, bool trustSoftDirty, ParentRequest parent, RoundDirectory images)
    {
        bool parentIsByContent = false;
        if (parent.Directory is { } previous)
        {
            using var directory = images.OpenPrevious(previous);
            parentIsByContent = directory.Has(ImageNames.ByContent);
            if (parentIsByContent && asked == TrackingMethod.SoftDirty)
                throw new PreDumpException($"{directory.Path} was made by comparing contents, so the kernel's tracking was not "
                    + "reset with it and can't tell what has changed since: go on by content, or begin with a full round",
                    RoundInput.Tracking);
        }
        return asked == TrackingMethod.Content
            || (asked == TrackingMethod.Auto && (parentIsByContent || !SoftDirty.IsSupported()))
            ? new ContentTracker()
            : new SoftDirtyTracker(trustSoftDirty);
    }
}
