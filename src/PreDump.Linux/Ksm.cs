namespace PreDump.Linux;

/// <summary>Kernel samepage merging (admin-guide/mm/ksm.rst). A page that is merged with another loses its soft-dirty mark (mm/ksm.c,
/// replace_page), so that what was written to it looks clean.</summary>
public static class Ksm
{
    /// <summary>Whether pages of a task may have been merged, or may be soon: some of its memory is mergeable, and KSM is or was at
    /// work. Costs a look at smaps, but only where KSM was ever switched on.</summary>
    public static bool MayMerge(int tid) => HasWorked() && VmFlags.Read(tid).HasAny("mg");

    private static bool HasWorked() => Read("run") == 1 || Read("full_scans") > 0 || Read("pages_shared") > 0;

    private static long Read(string name) => long.TryParse(ProcFs.TryReadText("/sys/kernel/mm/ksm/" + name), out long value) ? value : 0;
}
