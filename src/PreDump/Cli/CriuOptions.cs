namespace PreDump.Cli;

/// <summary>Options of criu dump that say nothing to a pre-dump; they are dropped before the parser sees them.</summary>
internal static class CriuOptions
{
    // As getopt takes these: a value only follows '=', or the letter itself.
    private static readonly HashSet<string> s_flags =
    [
        "--leave-stopped", "-s", "--tcp-established", "--tcp-close", "--file-locks", "-l", "--link-remap", "--ext-unix-sk", "-x",
        "--evasive-devices", "--force-irmap", "--enable-external-sharing", "--enable-external-masters", "--skip-in-flight",
        "--log-pid", "--unprivileged", "--weak-sysctls", "--orphan-pts-master", "--mntns-compat-mode", "--allow-uprobes",
        "--manage-cgroups", "--cpu-cap", "--ghost-fiemap", "--skip-file-rwx-check",
    ];

    private static readonly HashSet<string> s_withValue =
    [
        "--cgroup-root", "--ext-mount-map", "--external", "--enable-fs", "--action-script", "--ghost-limit", "--skip-mnt",
        "--root", "-r", "--irmap-scan-path", "--empty-ns", "--lsm-profile", "--lsm-mount-context", "--network-lock",
        "--cgroup-props", "--cgroup-props-file", "--cgroup-dump-controller", "--cgroup-yard", "--inherit-fd", "--join-ns",
        "--veth-pair", "--libdir", "-L", "--file-validation",
    ];

    /// <summary>Whether an option of this name, or the one that takes it back, takes no word of its own for a value.</summary>
    public static bool IsFlag(string name) =>
        s_flags.Contains(name) || s_flags.Contains("--" + name.Replace("--no-", "", StringComparison.Ordinal));

    /// <summary>Whether the word behind an option of this name is its value.</summary>
    public static bool TakesValue(string name) => s_withValue.Contains(name);
}
