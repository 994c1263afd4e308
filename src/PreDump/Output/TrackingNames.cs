using PreDump.Core.Tracking;

namespace PreDump.Output;

/// <summary>What output calls the ways of finding changes: as the option does.</summary>
internal static class TrackingNames
{
    /// <summary>The name of one; "none" for null.</summary>
    public static string Of(TrackingMethod? method) => method switch
    {
        TrackingMethod.Content => "content",
        TrackingMethod.SoftDirty => "soft-dirty",
        _ => "none",
    };
}
