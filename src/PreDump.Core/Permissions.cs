using PreDump.Linux;

namespace PreDump.Core;

/// <summary>Explains why this user may not read a tree. See ptrace(2), "Ptrace access mode checking", and
/// Documentation/admin-guide/LSM/Yama.rst.</summary>
public static class Permissions
{
    /// <summary>The reason for a refusal, and what to do about it.</summary>
    /// <param name="refused">The call that failed with EPERM or EACCES.</param>
    /// <param name="tree">The root's pid of the tree concerned, if any.</param>
    public static string Advice(LinuxException refused, int? tree)
    {
        var own = ProcStatus.OfOurselves();
        bool mayTrace = own?.Has(Capability.SysPtrace) == true;
        bool ofTask = refused.Subject.StartsWith("/proc/", StringComparison.Ordinal) && !IsOwn(refused.Subject);
        if (refused.Call != "ptrace" && !ofTask)
            return OfCall(refused, own);
        if (refused.Call == "ptrace" && KernelProbe.PtraceIsFiltered())
            return "a seccomp filter refuses ptrace(2) to predump itself: run it where no filter does";
        if (YamaScope() == 3)
            return "kernel.yama.ptrace_scope is 3: no task may be traced until the next boot, not even by root";
        if (mayTrace && refused is { Call: "open", Errno: Errno.EACCES } && !own!.Has(Capability.DacOverride))
            return "it belongs to another user, or to root because the task is not dumpable: predump needs CAP_DAC_OVERRIDE "
                + "in addition to CAP_SYS_PTRACE; run it as root or give it both";
        if (mayTrace)
            return "a security module or the task's user namespace forbids it, although predump has CAP_SYS_PTRACE";
        string both = $"needs {NeededForOthers}: run predump as root or give it both";
        var victim = (PidIn(refused.Subject) ?? tree) is { } pid ? ProcStatus.TryRead(pid) : null;
        if (victim is not null && own is not null && victim.Uid != own.Uid)
            return $"the task belongs to user {victim.Uid}, and reading another user's memory {both}";
        if (YamaScope() is > 0 and var scope)
            return $"kernel.yama.ptrace_scope is {scope}, so reading this task needs CAP_SYS_PTRACE: "
                + "run predump as root or give it that capability";
        return "it is not dumpable (it has changed its user, has capabilities of its own, or has requested that with prctl(2), "
            + $"PR_SET_DUMPABLE), and reading it {both}";
    }

    // It is about a file, or about nothing but predump itself.
    private static string OfCall(LinuxException refused, ProcStatus? own)
    {
        bool filtered = own?.HasSeccompFilter == true;
        if (!refused.Subject.Contains('/') || IsOwn(refused.Subject))
            return filtered ? $"{OwnFilter} refuses it" : "the kernel or a security module refuses it";
        if (refused is { Call: "open", Errno: Errno.EACCES } && own?.Has(Capability.DacOverride) != true)
            return "this user may not open it: run predump as root, or change its owner or mode";
        return "its file system does not allow it, or its attributes or its directory's do not (immutable, append-only: lsattr)"
            + (filtered ? $", or {OwnFilter} refuses it" : "");
    }

    // No permission on a file or a task is needed there.
    private static bool IsOwn(string path) => path.StartsWith("/proc/self/", StringComparison.Ordinal);

    /// <summary>What messages call the filter that <see cref="IsFiltered"/> is about.</summary>
    internal const string OwnFilter = "the seccomp filter that predump runs under";

    /// <summary>Whether a seccomp filter may refuse system calls to predump.</summary>
    internal static bool IsFiltered => ProcStatus.OfOurselves()?.HasSeccompFilter == true;

    /// <summary>The capabilities needed for reading tasks of other users, and tasks that are not dumpable.</summary>
    public const string NeededForOthers = "CAP_SYS_PTRACE and CAP_DAC_OVERRIDE";

    // From "/proc/12/maps" or "PTRACE_SEIZE, 12": the refused task, which need not be the tree's root.
    private static int? PidIn(string subject)
    {
        foreach (string part in subject.Split('/', ' '))
            if (int.TryParse(part, out int pid) && pid > 0)
                return pid;
        return null;
    }

    /// <summary>The value of kernel.yama.ptrace_scope; 0 without Yama.</summary>
    public static int YamaScope() =>
        int.TryParse(ProcFs.TryReadText("/proc/sys/kernel/yama/ptrace_scope"), out int scope) ? scope : 0;
}
