namespace PreDump.Core.Select;

/// <summary>What a VMA is to a pre-dump, by the rules that CRIU chooses pages by.</summary>
public enum VmaKind
{
    /// <summary>Private memory: its pages are copied.</summary>
    Private,

    /// <summary>[vdso]: CRIU takes all its pages, always, and expects them in the parent.</summary>
    Vdso,

    /// <summary>Shared memory: CRIU's final dump takes it in full and never from the parent.</summary>
    Shared,

    /// <summary>MAP_HUGETLB: the final dump takes it in full.</summary>
    Hugetlb,

    /// <summary>A device's memory (VM_IO, VM_PFNMAP): reading it may do something to the device.</summary>
    Device,

    /// <summary>An asynchronous I/O ring: the kernel writes it without marking it dirty; the final dump takes it in
    /// full.</summary>
    AioRing,

    /// <summary>The kernel's data for the vdso.</summary>
    Vvar,

    /// <summary>[vsyscall]: not the task's memory.</summary>
    Vsyscall,

    /// <summary>MAP_DROPPABLE: may vanish at any time, so no program relies on it.</summary>
    Droppable,
}
