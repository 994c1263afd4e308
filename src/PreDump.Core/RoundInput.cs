using PreDump.Linux;

namespace PreDump.Core;

/// <summary>The inputs that a failure or a warning of a round may be about, in addition to those of
/// <see cref="TreeInput"/>.</summary>
public static class RoundInput
{
    /// <summary>The directory that gets the images.</summary>
    public static readonly Input ImagesDirectory = new(nameof(ImagesDirectory));

    /// <summary>The directory of the parent images.</summary>
    public static readonly Input Parent = new(nameof(Parent));

    /// <summary>How changes are found.</summary>
    public static readonly Input Tracking = new(nameof(Tracking));

    /// <summary>Whether pages that look clean are left to the parent without checking their frames.</summary>
    public static readonly Input TrustSoftDirty = new(nameof(TrustSoftDirty));

    /// <summary>Whether pages that the round replaces are freed in the parent.</summary>
    public static readonly Input AutoDedup = new(nameof(AutoDedup));

    /// <summary>Where the images of a squashed chain go.</summary>
    public static readonly Input SquashedImages = new(nameof(SquashedImages));

    /// <summary>The kernel's features, which another command may show.</summary>
    public static readonly Input Kernel = new(nameof(Kernel));

    /// <summary>Whether pages are written through the page cache or bypass it.</summary>
    public static readonly Input IoMode = new(nameof(IoMode));

    /// <summary>How many directories the pages go to.</summary>
    public static readonly Input Stripes = new(nameof(Stripes));
}
