using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Detects whether memory of a tree may be registered with a userfaultfd(2).</summary>
public static class Userfaultfd
{
    // The number of userfaultfds on the machine, readable by root (Documentation/ABI/testing/sysfs-kernel-slab). If it is 0, the
    // tree's descriptors need not be searched.
    private const string MachineTotal = "/sys/kernel/slab/userfaultfd_ctx_cache/total_objects";

    /// <summary>Whether one of these tasks may have a userfaultfd open, which could handle its own memory or its children's. True
    /// if that can't be determined.</summary>
    public static bool MayBeHeldByAny(IEnumerable<int> tids) =>
        ProcFs.TryReadText(MachineTotal)?.TrimEnd() != "0" && tids.Any(MayBeHeldBy);

    private static bool MayBeHeldBy(int tid)
    {
        using var directory = Fd.TryOpen(ProcFs.Path(tid, "fd"), O_RDONLY | O_DIRECTORY, out int error);
        if (directory is null)
            return error is not (Errno.ENOENT or Errno.ESRCH); // these mean that it has gone, so nothing of it will be read
        var numbers = new List<int>();
        DirectoryEntries.Numbers(directory, numbers);
        return numbers.Exists(number => directory.LinkPointsTo(number, "anon_inode:[userfaultfd]"u8));
    }
}
