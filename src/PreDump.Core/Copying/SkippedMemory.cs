using PreDump.Core.Select;

namespace PreDump.Core.Copying;

/// <summary>Why pages are not in the images.</summary>
public enum SkipReason
{
    /// <summary><see cref="VmaKind.Shared"/>.</summary>
    Shared,

    /// <summary><see cref="VmaKind.Hugetlb"/>.</summary>
    Hugetlb,

    /// <summary><see cref="VmaKind.Device"/>.</summary>
    Device,

    /// <summary><see cref="VmaKind.AioRing"/>.</summary>
    AioRing,

    /// <summary><see cref="VmaKind.Vvar"/>.</summary>
    Vvar,

    /// <summary><see cref="VmaKind.Vsyscall"/>.</summary>
    Vsyscall,

    /// <summary><see cref="VmaKind.Droppable"/>.</summary>
    Droppable,

    /// <summary>They were given back while the tree was running (<see cref="Reading.Losses.Vanished"/>).</summary>
    Vanished,

    /// <summary>They are there, and can't be read in any way (<see cref="Reading.Losses.Unreadable"/>).</summary>
    Unreadable,
}

/// <summary>Pages that are not in the images.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Vmas">Whole VMAs that were left out; 0 where single pages were lost.</param>
/// <param name="Pages">How many pages they have.</param>
public sealed record SkippedMemory(SkipReason Reason, ulong Vmas, ulong Pages);
