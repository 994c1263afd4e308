namespace PreDump.Linux;

/// <summary>Finds mounted file systems. See proc_pid_mounts(5).</summary>
public static class Mounts
{
    /// <summary>The mount point of a freezer; null if it is not mounted.</summary>
    /// <param name="kind">"freezer" for the cgroup v1 controller, "cgroup2" for the v2 hierarchy.</param>
    public static string? OfFreezer(string kind)
    {
        foreach (var line in (ProcFs.TryReadText("/proc/self/mounts") ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = line.Split(' ');
            if (kind == "cgroup2" ? fields[2] == "cgroup2" : fields[2] == "cgroup" && fields[3].Split(',').Contains(kind))
                return fields[1];
        }
        return null;
    }
}
