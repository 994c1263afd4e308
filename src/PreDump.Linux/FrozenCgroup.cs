namespace PreDump.Linux;

/// <summary>Finds out that something else has frozen a task, through a freezer cgroup of version 1: such a task can't be stopped
/// by ptrace(2), unlike one in a frozen cgroup of version 2. See Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst.
/// </summary>
internal static class FrozenCgroup
{
    /// <summary>The directory of the cgroup that was asked to freeze: the task's own or one above it. Null if there is none, or
    /// its hierarchy is not mounted here.</summary>
    public static string? Of(int tid)
    {
        if (Mounts.OfFreezer("freezer") is not { } mount || PathOf(tid) is not { } path)
            return null;
        for (string below = path.TrimStart('/'); ; below = Path.GetDirectoryName(below) ?? "")
        {
            string directory = Path.Combine(mount, below);
            if (ProcFs.TryReadText(Path.Combine(directory, "freezer.self_freezing"))?.Trim() == "1")
                return directory;
            if (below.Length == 0)
                return null;
        }
    }

    // From a line such as 7:freezer:/job/12
    private static string? PathOf(int tid) => (ProcFs.TryReadText(ProcFs.Path(tid, "cgroup")) ?? "").Split('\n')
        .Select(line => line.Split(':', 3))
        .FirstOrDefault(parts => parts.Length == 3 && parts[1].Split(',').Contains("freezer"))?[2];
}
