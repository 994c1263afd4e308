using PreDump.Linux;

namespace PreDump;

/// <summary>Why this user may not read a tree, and what would help (ptrace(2), "Ptrace access mode checking").</summary>
internal static class Permissions
{
    private const int CAP_SYS_PTRACE = 19;

    /// <summary>What to do about a refusal.</summary>
    public static string Advice(int? tree)
    {
        var own = ProcStatus.TryRead(Environment.ProcessId);
        bool mayTrace = own is not null && (own.EffectiveCapabilities >> CAP_SYS_PTRACE & 1) != 0;
        if (mayTrace)
            return "a security module or the task's user namespace forbids it, although predump has CAP_SYS_PTRACE";
        var victim = tree is { } pid ? ProcStatus.TryRead(pid) : null;
        if (victim is not null && own is not null && victim.Uid != own.Uid)
            return $"the task belongs to user {victim.Uid}, and reading another user's memory needs CAP_SYS_PTRACE: run predump as root "
                + "or give it that capability";
        if (YamaScope() is > 0 and var scope)
            return $"kernel.yama.ptrace_scope is {scope}, so reading this task needs CAP_SYS_PTRACE: run predump as root or give it that capability";
        return "reading this task needs CAP_SYS_PTRACE: run predump as root or give it that capability";
    }

    /// <summary>kernel.yama.ptrace_scope; 0 where there is no Yama.</summary>
    public static int YamaScope() => int.TryParse(ProcFs.TryReadText("/proc/sys/kernel/yama/ptrace_scope"), out int scope) ? scope : 0;
}
