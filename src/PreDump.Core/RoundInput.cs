using PreDump.Linux;

namespace PreDump.Core;

/// <summary>What a failure or a warning of a round may be about, besides its tree (<see cref="TreeInput"/>).</summary>
public static class RoundInput
{
    /// <summary>The directory that gets the images.</summary>
    public static readonly Input ImagesDirectory = new(nameof(ImagesDirectory));

    /// <summary>The directory of the parent images.</summary>
    public static readonly Input Parent = new(nameof(Parent));

    /// <summary>Whether pages that look clean are left to the parent without a look at where they lie.</summary>
    public static readonly Input TrustSoftDirty = new(nameof(TrustSoftDirty));

    /// <summary>Whether what the round replaces is freed in the parent.</summary>
    public static readonly Input AutoDedup = new(nameof(AutoDedup));

    /// <summary>What the kernel can do, which another command may tell.</summary>
    public static readonly Input Kernel = new(nameof(Kernel));

    /// <summary>Whether pages are written through the page cache or past it.</summary>
    public static readonly Input IoMode = new(nameof(IoMode));
}
