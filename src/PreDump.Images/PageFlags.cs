namespace PreDump.Images;

/// <summary>Where the pages of a pagemap entry are (CRIU image format, the PE_ flags).</summary>
[Flags]
public enum PageFlags : uint
{
    /// <summary>PE_PARENT: in the parent images; the entry has no bytes in the pages file.</summary>
    Parent = 1,

    /// <summary>PE_LAZY: a lazy restore may serve them later. predump reads this flag but never writes it.</summary>
    Lazy = 2,

    /// <summary>PE_PRESENT: in the pages file.</summary>
    Present = 4,
}
