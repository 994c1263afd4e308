namespace PreDump.Linux;

/// <summary>Kernel samepage merging. A merged page loses its soft-dirty bit (mm/ksm.c, replace_page), so a page that was written
/// looks clean. See Documentation/admin-guide/mm/ksm.rst.</summary>
public static class Ksm
{
    /// <summary>Whether pages of a task may have been merged, or may be soon: some of its memory is mergeable, and KSM runs or
    /// has run. Reads the task's smaps, but only if KSM was ever enabled.</summary>
    /// <exception cref="LinuxException">The task's smaps can't be read.</exception>
    public static bool MayMerge(int tid) => HasWorked() && VmFlags.Read(tid).HasAny("mg");

    private static bool HasWorked() => Read("run") == 1 || Read("full_scans") > 0 || Read("pages_shared") > 0;

    private static long Read(string name) =>
        long.TryParse(ProcFs.TryReadText("/sys/kernel/mm/ksm/" + name), out long value) ? value : 0;
}
