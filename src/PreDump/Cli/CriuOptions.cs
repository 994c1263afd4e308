namespace PreDump.Cli;

/// <summary>Every option that CRIU has (4.2's table), for whichever of its commands, and those that older versions had. A script
/// may pass any of them to any command, and a configuration file is read by all.</summary>
internal static class CriuOptions
{
    // --NAME and --no-NAME
    private static readonly string[] s_toggles = Words("""
        restore-detached restore-sibling daemon tcp-established tcp-close skip-in-flight log-pid evasive-devices link-remap
        shell-job file-locks page-server track-mem auto-dedup force-irmap extra experimental deprecated display-stats
        weak-sysctls stream tls skip-file-rwx-check mntns-compat-mode unprivileged ghost-fiemap allow-uprobes
        """);

    private static readonly string[] s_flags = Words("""
        leave-stopped leave-running help version ms exec-cmd enable-external-sharing enable-external-masters lazy-pages all
        no-default-config tls-no-cn-verify
        """);

    private static readonly string[] s_withValue = Words("""
        tree images-dir work-dir log-file prev-images-dir pre-dump-mode timeout freeze-cgroup root libdir pidfile status-fd close
        join-ns external inherit-fd empty-ns ext-mount-map skip-mnt enable-fs veth-pair network-lock action-script
        cgroup-root cgroup-props cgroup-props-file cgroup-dump-controller cgroup-yard lsm-profile lsm-mount-context
        ghost-limit irmap-scan-path file-validation feature config
        address port ps-socket tls-cacert tls-cacrl tls-cert tls-key
        """);

    private static readonly string[] s_withOptionalValue = Words("verbosity ext-unix-sk manage-cgroups cpu-cap");

    // No longer in CRIU, or only in its RPC; they are not abbreviated.
    private static readonly Dictionary<string, ValueKind> s_former = new()
    {
        ["contents"] = ValueKind.None,
        ["no-seccomp"] = ValueKind.None,
        ["orphan-pts-master"] = ValueKind.None,
        ["pid"] = ValueKind.Required,
        ["namespaces"] = ValueKind.Required,
        ["file"] = ValueKind.Required,
        ["aufs-root"] = ValueKind.Required,
    };

    private static readonly Dictionary<char, string> s_letters = Words("""
        t=tree D=images-dir W=work-dir o=log-file v=verbosity d=daemon s=leave-stopped S=restore-sibling R=leave-running r=root
        x=ext-unix-sk j=shell-job J=join-ns l=file-locks L=libdir M=ext-mount-map h=help ?=help V=version
        """).ToDictionary(word => word[0], word => word["t=".Length..]);

    private static readonly Dictionary<string, ValueKind> s_kinds = new(
        [.. Of(ValueKind.None, [.. s_toggles, .. s_flags]), .. Of(ValueKind.Required, s_withValue),
            .. Of(ValueKind.Optional, s_withOptionalValue), .. s_former]);

    /// <summary>The names that may be abbreviated, without dashes; among them those that take an option back.</summary>
    public static IEnumerable<string> Names =>
        s_kinds.Keys.Except(s_former.Keys).Concat(s_toggles.Select(name => "no-" + name));

    /// <summary>The same, and those of older versions.</summary>
    public static IEnumerable<string> AllNames => Names.Concat(s_former.Keys);

    /// <summary>What follows an option of this name, without dashes; null: CRIU has none of that name.</summary>
    public static ValueKind? KindOf(string name) => s_kinds.TryGetValue(name, out var kind) ? kind : null;

    /// <summary>The name that a letter stands for; null: none.</summary>
    public static string? NameOf(char letter) => s_letters.GetValueOrDefault(letter);

    /// <summary>Whether --no-NAME takes the option back.</summary>
    public static bool IsToggle(string name) => s_toggles.Contains(name);

    private static string[] Words(string text) => text.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<KeyValuePair<string, ValueKind>> Of(ValueKind kind, string[] names) =>
        names.Select(name => KeyValuePair.Create(name, kind));
}
