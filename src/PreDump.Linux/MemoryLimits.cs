using System.Globalization;

namespace PreDump.Linux;

/// <summary>How much more memory a task can use: limited by its memory cgroup and that cgroup's ancestors, version 1 or 2, and by
/// the machine. See Documentation/admin-guide/cgroup-v1/memory.rst, cgroup-v2.rst, and proc_meminfo(5).</summary>
public sealed class MemoryLimits
{
    private const ulong Unlimited = ulong.MaxValue; // the following are in bytes, too
    private const ulong Plenty = 16 * 1024 * 1024; // with more than this, memory.stat need not be read
    private const ulong MinFreeSwap = 8 * 1024 * 1024;

    private readonly List<(string Directory, bool V1)> _cgroups = [];

    private MemoryLimits()
    {
    }

    /// <summary>Finds the cgroups that limit a task. Cgroups of hierarchies that are not mounted here are not
    /// considered.</summary>
    public static MemoryLimits Of(int pid)
    {
        var limits = new MemoryLimits();
        string cgroups = ProcFs.TryReadText(ProcFs.Path(pid, "cgroup")) ?? "";
        foreach (var line in cgroups.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            if (line.Split(':', 3) is [_, var controllers, var path]
                && (controllers.Length == 0 || controllers.Split(',').Contains("memory")))
                limits.AddLevels(path, v1: controllers.Length > 0);
        return limits;
    }

    /// <summary>The bytes that can be used before anything must be written to swap, and the name of what limits them.</summary>
    public (ulong Bytes, string By) Room()
    {
        string? memory = ProcFs.TryReadText("/proc/meminfo");
        (ulong Bytes, string By) least = (Field(memory, "MemAvailable:") * 1024 ?? Unlimited, "this machine");
        foreach (var (directory, v1) in _cgroups)
            if (RoomIn(directory, v1, SwapIsRoomy(memory)) is var bytes && bytes < least.Bytes)
                least = (bytes, $"cgroup {directory}");
        return least;
    }

    /// <summary>Whether there is enough free swap to send more pages to it. The kernel needs free swap even to reclaim pages that
    /// it need not write, so the last of it is left to the tasks.</summary>
    public static bool SwapIsRoomy() => SwapIsRoomy(ProcFs.TryReadText("/proc/meminfo"));

    /// <summary>The size in bytes of this machine's memory and swap together.</summary>
    public static ulong MachineBytes() => ProcFs.TryReadText("/proc/meminfo") is var memory
        ? ((Field(memory, "MemTotal:") ?? 0) + (Field(memory, "SwapTotal:") ?? 0)) * 1024
        : 0;

    private static bool SwapIsRoomy(string? memory) =>
        Field(memory, "SwapFree:") * 1024 is { } free
        && free > Math.Max(MinFreeSwap, (Field(memory, "SwapTotal:") ?? 0) * 1024 / 8);

    // Adds a cgroup and its ancestors, up to the root of its mount.

    private void AddLevels(string path, bool v1)
    {
        string mounts = ProcFs.TryReadText("/proc/self/mountinfo") ?? "";
        foreach (var mount in mounts.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // 35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
            var parts = mount.Split(" - ", 2);
            if (parts.Length < 2
                || parts[0].Split(' ') is not [_, _, _, var root, var point, ..]
                || parts[1].Split(' ') is not [var type, _, var options, ..])
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

    private static bool IsIn(string path, string root) =>
        root == "/" || path == root || path.StartsWith(root + "/", StringComparison.Ordinal);

    private static ulong RoomIn(string directory, bool v1, bool swapIsRoomy)
    {
        if (Number(directory, v1 ? "memory.limit_in_bytes" : "memory.max") is not { } limit
            || Number(directory, v1 ? "memory.usage_in_bytes" : "memory.current") is not { } usage)
            return Unlimited; // no limit, or not readable
        ulong room = limit - Math.Min(limit, usage);
        if (room > Plenty)
            return room;
        // What can be reclaimed at once: inactive page cache, and pages that are both in memory and in swap.
        string? stat = ProcFs.TryReadText(Path.Combine(directory, "memory.stat"));
        string prefix = v1 ? "total_" : "";
        return room + (Field(stat, prefix + "inactive_file") ?? 0) + (swapIsRoomy ? Field(stat, prefix + "swapcached") ?? 0 : 0);
    }

    private static ulong? Number(string directory, string file)
    {
        string? text = ProcFs.TryReadText(Path.Combine(directory, file))?.Trim();
        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong bytes) ? bytes : null;
    }

    // "name 123" or "name:   123 kB", one per line.
    private static ulong? Field(string? text, string name)
    {
        foreach (var line in (text ?? "").Split('\n'))
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var key, var value, ..] && key == name
                && ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number))
                return number;
        return null;
    }
}
