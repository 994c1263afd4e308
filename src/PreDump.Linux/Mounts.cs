namespace PreDump.Linux;

/// <summary>Finds mounted file systems. See proc_pid_mounts(5).</summary>
public static class Mounts
{
    /// <summary>The file system that a directory is in: its type, and the options of the mount and of the file system; null if
    /// that is not known. See proc_pid_mountinfo(5).</summary>
    public static (string Kind, IReadOnlyList<string> Options)? Of(DirectoryFd directory)
    {
        const string IdLine = "mnt_id:";
        string? id = ProcFs.TryReadText($"/proc/self/fdinfo/{directory.Number}")?.Split('\n')
            .FirstOrDefault(line => line.StartsWith(IdLine, StringComparison.Ordinal))?[IdLine.Length..].Trim();
        foreach (var line in (ProcFs.TryReadText("/proc/self/mountinfo") ?? "").Split('\n'))
        {
            var fields = line.Split(' '); // id parent device root mount-point options [tags] - type source options
            int kind = Array.IndexOf(fields, "-") + 1;
            if (fields[0] == id && kind > 6 && kind + 2 < fields.Length)
                return (fields[kind], [.. fields[5].Split(','), .. fields[kind + 2].Split(',')]);
        }
        return null;
    }

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
