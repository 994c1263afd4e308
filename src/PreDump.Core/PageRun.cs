using PreDump.Linux;

namespace PreDump.Core;

/// <summary>Neighbouring pages of a task with one fate: copied, or left to the parent images that hold them already.</summary>
public readonly record struct PageRun(MemoryRange Range, bool InParent)
{
    /// <summary>Its pages.</summary>
    public ulong Pages => PageSize.Pages(Range.Length);
}
