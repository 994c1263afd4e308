namespace PreDump.Linux;

/// <summary>What is mounted where (proc_pid_mounts(5)).</summary>
public static class Mounts
{
    /// <summary>Where a freezer is mounted: the v1 controller ("freezer") or the v2 hierarchy ("cgroup2"); null for nowhere.</summary>
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
