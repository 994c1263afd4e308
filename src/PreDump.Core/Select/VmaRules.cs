using PreDump.Linux;

namespace PreDump.Core.Select;

/// <summary>Tells the kind of a task's VMAs from its maps; only where a name leaves it open, from smaps, which costs the task a
/// walk of its page tables.</summary>
/// <param name="tid">The task, for smaps.</param>
/// <param name="userfaultfd">Whether some VMA may be under a userfaultfd: only smaps tells which.</param>
public sealed class VmaRules(int tid = 0, bool userfaultfd = false)
{
    // Every hugetlb VMA starts and ends at a border of the machine's smallest huge page.
    private static readonly ulong s_smallestHugePage = SmallestHugePage();

    private int _tid = tid;
    private VmFlags? _flags;

    /// <summary>Begins with another task: in the freeze no new object is made.</summary>
    public void Begin(int tid) => (_tid, _flags) = (tid, null);

    /// <summary>What a VMA is to a pre-dump.</summary>
    public VmaKind KindOf(in Vma vma)
    {
        if (vma.Name.StartsWith("[v"u8))
        {
            if (vma.Name.SequenceEqual("[vdso]"u8))
                return VmaKind.Vdso;
            if (vma.Name.SequenceEqual("[vvar]"u8) || vma.Name.SequenceEqual("[vvar_vclock]"u8))
                return VmaKind.Vvar;
            if (vma.Name.SequenceEqual("[vsyscall]"u8))
                return VmaKind.Vsyscall;
        }
        if (vma.Name.StartsWith("/[aio]"u8)) // it is shared, too
            return VmaKind.AioRing;
        if (vma.Shared)
            return VmaKind.Shared;
        if (vma.Name.SequenceEqual("[uprobes]"u8))
            return VmaKind.Device;
        if (vma.Name.StartsWith("/anon_hugepage"u8))
            return VmaKind.Hugetlb;
        return MapsCannotTell(vma) ? KindByFlags(vma.Start) : VmaKind.Private;
    }

    /// <summary>Whether a missing page of a VMA is a userfaultfd's to bring (userfaultfd(2)).</summary>
    public bool UnderUserfaultfd(in Vma vma) => userfaultfd && (_flags ??= VmFlags.Read(_tid)).Has(vma.Start, "um");

    private VmaKind KindByFlags(ulong start)
    {
        _flags ??= VmFlags.Read(_tid);
        return _flags.Has(start, "io") || _flags.Has(start, "pf") ? VmaKind.Device
            : _flags.Has(start, "ht") ? VmaKind.Hugetlb
            : _flags.Has(start, "dp") ? VmaKind.Droppable
            : VmaKind.Private;
    }

    private static bool MapsCannotTell(in Vma vma) => vma.Inode != 0
        && (vma.Name.StartsWith("anon_inode:"u8)
            || (vma.Name.StartsWith("/dev/"u8) && !vma.Name.StartsWith("/dev/shm/"u8) && !vma.Name.StartsWith("/dev/zero"u8))
            || (s_smallestHugePage != 0 && (vma.Start | vma.End) % s_smallestHugePage == 0));

    private static ulong SmallestHugePage()
    {
        const string Sizes = "/sys/kernel/mm/hugepages";
        ulong smallest = 0;
        if (Directory.Exists(Sizes))
            foreach (var directory in Directory.EnumerateDirectories(Sizes, "hugepages-*kB"))
            {
                if (ulong.TryParse(Path.GetFileName(directory)["hugepages-".Length..^2], out ulong kilobytes)
                    && (smallest == 0 || kilobytes * 1024 < smallest))
                    smallest = kilobytes * 1024;
            }
        return smallest;
    }
}
