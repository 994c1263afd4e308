using PreDump.Linux;

namespace PreDump.Core;

/// <summary>Why this user may not read a tree, and what would help (ptrace(2), "Ptrace access mode checking").</summary>
public static class Permissions
{
    /// <summary>What to do about a refusal.</summary>
    /// <param name="refused">The call that was not permitted.</param>
    /// <param name="tree">The pid that was asked for.</param>
    public static string Advice(LinuxException refused, int? tree)
    {
        var own = ProcStatus.OfOurselves();
        bool mayTrace = own?.Has(Capability.SysPtrace) == true;
        if (refused.Call == "open" && !refused.Subject.StartsWith("/proc/", StringComparison.Ordinal))
            return "this user may not open it: run predump as root, or change the owner or the mode";
        if (YamaScope() == 3)
            return "kernel.yama.ptrace_scope is 3: nobody may trace any task until the next boot, root neither";
        if (mayTrace && refused is { Call: "open", Errno: Errno.EACCES } && !own!.Has(Capability.DacOverride))
            return "it belongs to another user, or to root as the files of a task that is not dumpable do: besides CAP_SYS_PTRACE predump "
                + "needs CAP_DAC_OVERRIDE; run it as root or give it both";
        if (mayTrace)
            return "a security module or the task's user namespace forbids it, although predump has CAP_SYS_PTRACE";
        string both = $"needs {NeededForOthers}: run predump as root or give it both";
        var victim = (PidIn(refused.Subject) ?? tree) is { } pid ? ProcStatus.TryRead(pid) : null;
        if (victim is not null && own is not null && victim.Uid != own.Uid)
            return $"the task belongs to user {victim.Uid}, and reading another user's memory {both}";
        if (YamaScope() is > 0 and var scope)
            return $"kernel.yama.ptrace_scope is {scope}, so reading this task needs CAP_SYS_PTRACE: run predump as root or give it that capability";
        return "it is not dumpable (it has changed its user, has capabilities of its own, or asked for that by prctl(2), PR_SET_DUMPABLE), and "
            + $"reading it {both}";
    }

    /// <summary>What reading the tasks of other users, and those that are not dumpable, needs.</summary>
    public const string NeededForOthers = "CAP_SYS_PTRACE and CAP_DAC_OVERRIDE";

    // "/proc/12/maps" or "PTRACE_SEIZE, 12": the task that was refused, which need not be the tree's root.
    private static int? PidIn(string subject) =>
        subject.Split('/', ' ').Select(part => int.TryParse(part, out int pid) ? pid : 0).FirstOrDefault(pid => pid > 0) is > 0 and var found ? found : null;

    /// <summary>kernel.yama.ptrace_scope; 0 where there is no Yama.</summary>
    public static int YamaScope() => int.TryParse(ProcFs.TryReadText("/proc/sys/kernel/yama/ptrace_scope"), out int scope) ? scope : 0;
}
