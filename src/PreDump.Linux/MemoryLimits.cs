using System.Globalization;

namespace PreDump.Linux;

/// <summary>How much memory a task may yet take: by its memory cgroup and those above it, version 1 or 2 (the kernel's
/// admin-guide/cgroup-v1/memory.rst and cgroup-v2.rst), and by the machine.</summary>
public sealed class MemoryLimits
{
    private const ulong Unlimited = ulong.MaxValue, Plenty = 16 * 1024 * 1024, LeastSwap = 8 * 1024 * 1024; // bytes

    private readonly List<(string Directory, bool V1)> _cgroups = [];

    private MemoryLimits()
    {
    }

    /// <summary>Finds the limits of a task. A cgroup that is not mounted here has none that we could see.</summary>
    public static MemoryLimits Of(int pid)
    {
        var limits = new MemoryLimits();
        foreach (var line in (ProcFs.TryReadText(ProcFs.Path(pid, "cgroup")) ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
            if (line.Split(':', 3) is [_, var controllers, var path] && (controllers.Length == 0 || controllers.Split(',').Contains("memory")))
                limits.AddLevels(path, v1: controllers.Length > 0);
        return limits;
    }

    /// <summary>Bytes that can be taken without anything having to be written to swap first, and what limits them.</summary>
    public (ulong Bytes, string By) Room()
    {
        string? memory = ProcFs.TryReadText("/proc/meminfo");
        (ulong Bytes, string By) least = (Field(memory, "MemAvailable:") * 1024 ?? Unlimited, "this machine");
        foreach (var (directory, v1) in _cgroups)
            if (RoomIn(directory, v1, SwapIsRoomy(memory)) is var bytes && bytes < least.Bytes)
                least = (bytes, $"cgroup {directory}");
        return least;
    }

    /// <summary>Whether more can be sent to swap. The kernel needs free swap to give back even what it need not write: nobody may use
    /// up the last of it but the tasks themselves.</summary>
    public static bool SwapIsRoomy() => SwapIsRoomy(ProcFs.TryReadText("/proc/meminfo"));

    /// <summary>Bytes of this machine's memory and swap.</summary>
    public static ulong Machine() => ProcFs.TryReadText("/proc/meminfo") is var memory
        ? ((Field(memory, "MemTotal:") ?? 0) + (Field(memory, "SwapTotal:") ?? 0)) * 1024
        : 0;

    private static bool SwapIsRoomy(string? memory) =>
        Field(memory, "SwapFree:") * 1024 is { } free && free > Math.Max(LeastSwap, (Field(memory, "SwapTotal:") ?? 0) * 1024 / 8);

    private void AddLevels(string path, bool v1)
    {
        foreach (var mount in (ProcFs.TryReadText("/proc/self/mountinfo") ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // 35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
            var parts = mount.Split(" - ", 2);
            if (parts.Length < 2 || parts[0].Split(' ') is not [_, _, _, var root, var point, ..] || parts[1].Split(' ') is not [var type, _, var options, ..])
                continue;
            if (type != (v1 ? "cgroup" : "cgroup2") || (v1 && !options.Split(',').Contains("memory")) || !IsIn(path, root))
                continue;
            string below = path[(root == "/" ? 0 : root.Length)..].TrimStart('/');
            for (; below.Length > 0; below = Path.GetDirectoryName(below) ?? "")
                _cgroups.Add((Path.Combine(point, below), v1));
            _cgroups.Add((point, v1));
            return;
        }
    }

    private static bool IsIn(string path, string root) => root == "/" || path == root || path.StartsWith(root + "/", StringComparison.Ordinal);

    private static ulong RoomIn(string directory, bool v1, bool swapIsRoomy)
    {
        if (Number(directory, v1 ? "memory.limit_in_bytes" : "memory.max") is not { } limit
            || Number(directory, v1 ? "memory.usage_in_bytes" : "memory.current") is not { } usage)
            return Unlimited; // no limit, or not ours to see
        ulong room = limit - Math.Min(limit, usage);
        if (room > Plenty)
            return room;
        // What makes way at once: the page cache that nobody uses, and pages that are in memory and in swap.
        string? stat = ProcFs.TryReadText(Path.Combine(directory, "memory.stat"));
        string prefix = v1 ? "total_" : "";
        return room + (Field(stat, prefix + "inactive_file") ?? 0) + (swapIsRoomy ? Field(stat, prefix + "swapcached") ?? 0 : 0);
    }

    private static ulong? Number(string directory, string file) =>
        ulong.TryParse(ProcFs.TryReadText(Path.Combine(directory, file))?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out ulong bytes)
            ? bytes : null;

    // "name 123" or "name:   123 kB", one to a line.
    private static ulong? Field(string? text, string name)
    {
        foreach (var line in (text ?? "").Split('\n'))
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var key, var value, ..] && key == name
                && ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number))
                return number;
        return null;
    }
}
