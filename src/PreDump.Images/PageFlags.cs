namespace PreDump.Images;

/// <summary>Where the pages of a pagemap entry are (CRIU image format, the PE_ flags).</summary>
[Flags]
public enum PageFlags : uint
{
    /// <summary>In the parent images; the entry has no bytes in the pages file.</summary>
    Parent = 1,

    /// <summary>May be served by a lazy restore. Read, never written by us.</summary>
    Lazy = 2,

    /// <summary>In the pages file.</summary>
    Present = 4,
}
