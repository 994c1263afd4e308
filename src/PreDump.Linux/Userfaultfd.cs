using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Tells whether a tree may have memory under a userfaultfd(2).</summary>
public static class Userfaultfd
{
    // All that exist on this machine, for root to read (sysfs-kernel-slab): 0 spares a look at each descriptor of the tree.
    private const string AllOfThem = "/sys/kernel/slab/userfaultfd_ctx_cache/total_objects";

    /// <summary>Whether one of these tasks holds one, by which its memory, or its children's, may be handled; also where that can't be
    /// told.</summary>
    public static bool MayBeHeldByOneOf(IEnumerable<int> tids) => ProcFs.TryReadText(AllOfThem)?.TrimEnd() != "0" && tids.Any(MayBeHeldBy);

    private static bool MayBeHeldBy(int tid)
    {
        using var directory = Fd.TryOpen(ProcFs.Path(tid, "fd"), O_RDONLY | O_DIRECTORY, out int error);
        if (directory is null)
            return error is not (Errno.ENOENT or Errno.ESRCH); // it has gone, and nothing of it will be read; or it can't be told
        var numbers = new List<int>();
        DirectoryEntries.Numbers(directory, numbers);
        return numbers.Exists(number => directory.LinkIs(number, "anon_inode:[userfaultfd]"u8));
    }
}
