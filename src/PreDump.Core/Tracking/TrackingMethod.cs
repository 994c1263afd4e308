namespace PreDump.Core.Tracking;

/// <summary>How a round finds what has changed since its parent.</summary>
public enum TrackingMethod
{
    /// <summary>As the parent was made, if it was made by content; else by soft-dirty if the kernel has it, and by content if
    /// not.</summary>
    Auto,

    /// <summary>The kernel marks the pages that are written to (soft-dirty).</summary>
    SoftDirty,

    /// <summary>All pages are read and compared with the parent's chain.</summary>
    Content,
}
