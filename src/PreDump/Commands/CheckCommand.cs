using System.Runtime.InteropServices;
using PreDump.Core;
using PreDump.Linux;
using PreDump.Output;

namespace PreDump.Commands;

/// <summary>`predump check`: tries what a pre-dump needs, and says what works here and what that means.</summary>
internal static class CheckCommand
{
    private const string SoftDirtyName = "soft-dirty";

    /// <summary>Prints the findings; exit code 0 where a pre-dump works here for this user's own tasks, 1 where not.</summary>
    /// <param name="directory">A directory for images, of which findings are added; null: none.</param>
    /// <param name="json">Print one JSON object instead.</param>
    public static int Run(string? directory, bool json)
    {
        List<Finding> findings = [.. Findings()];
        if (directory is not null)
            findings.AddRange(DirectoryFindings.Of(directory));
        bool works = findings.All(finding => finding.Ok || !finding.Needed);
        var report = new CheckReport(findings, works, works && findings.Single(finding => finding.Name == SoftDirtyName).Ok);
        if (json)
            CheckJson.Print(report);
        else
            CheckText.Print(report);
        return works ? ExitCode.Done : ExitCode.Failed;
    }

    private static IEnumerable<Finding> Findings()
    {
        var self = ProcStatus.OfOurselves() ?? new ProcStatus();
        yield return new("kernel", true, false,
            $"{Environment.OSVersion.Version}, {RuntimeInformation.ProcessArchitecture}, pages of {PageSize.Bytes} bytes");
        yield return new(SoftDirtyName, SoftDirty.IsSupported(), false, SoftDirty.IsSupported()
            ? "the kernel tracks changed memory"
            : "the kernel does not track changed memory (CONFIG_MEM_SOFT_DIRTY): rounds compare all memory (--track content)");
        foreach (var finding in SoftDirty.IsSupported() ? WhereSoftDirtyFails() : [])
            yield return finding;
        bool scan = PagemapScan.Supports(PageCategory.Anonymous), dirtyScan = PagemapScan.Supports(PageCategory.SoftDirty);
        yield return new("PAGEMAP_SCAN", scan, false, !scan
            ? "missing (Linux 6.7 and later have it): pages are chosen by reading pagemap, which takes longer"
            : $"{Has(dirtyScan)} soft-dirty, {Has(PagemapScan.HasGuardCategory)} guard pages");
        yield return Tried("/proc", KernelProbe.ProcIsOurs(),
            "shows predump's own pid namespace", "is of another pid namespace: mount one for this namespace");
        yield return new("hidepid", !KernelProbe.ProcHides(), false, KernelProbe.ProcHides()
            ? $"/proc hides tasks, and a tree with such a task is refused; to see them takes {Permissions.NeededForOthers}"
            : "/proc hides no task from this user");
        yield return Tried("process_vm_readv", KernelProbe.ReadOwnMemory(),
            "memory can be copied", "memory can't be copied: a seccomp filter, or CONFIG_CROSS_MEMORY_ATTACH is off");
        yield return new("pidfd_open", KernelProbe.OpenPidFd(), false, KernelProbe.OpenPidFd()
            ? "a task can't be mistaken for another one that gets its pid"
            : "missing or refused by a seccomp filter: /proc/PID/comm is used instead, and pages read from swap stay in memory");
        yield return new("process_madvise", KernelProbe.PageOut(), false, KernelProbe.PageOut()
            ? "pages that were read from swap are sent back"
            : "missing, refused by a seccomp filter, or not permitted (CAP_SYS_NICE): pages read from swap stay in memory");
        int yama = Permissions.YamaScope();
        string why = KernelProbe.PtraceIsFiltered() ? "a seccomp filter refuses ptrace(2)"
            : yama >= 2 ? $"kernel.yama.ptrace_scope is {yama}" : "a seccomp filter or a security module?";
        yield return Tried("ptrace", KernelProbe.SeizeChild(),
            "a child of predump's own can be frozen", $"not even a child of predump's own can be frozen: {why}");
        yield return new("/proc/PID/mem", KernelProbe.ReadForced(), false, KernelProbe.ReadForced()
            ? "memory without PROT_READ can be copied"
            : "memory without PROT_READ can't be copied: it is left to the final dump");
        yield return new("children", KernelProbe.ListsChildren(), false, KernelProbe.ListsChildren()
            ? "descendants are found through /proc/PID/task/TID/children"
            : "no /proc/PID/task/TID/children (CONFIG_PROC_CHILDREN): descendants are found by a look at all processes, which "
                + "takes longer; criu itself needs these files");
        yield return new("yama", yama == 0 || (yama < 3 && self.Has(Capability.SysPtrace)), false, yama switch
        {
            0 => "off: tasks of the same user may be frozen",
            1 => "ptrace_scope is 1: tasks that predump did not start need CAP_SYS_PTRACE",
            2 => "ptrace_scope is 2: freezing a task needs CAP_SYS_PTRACE",
            _ => $"ptrace_scope is {yama}: no user, not even root, may freeze a task until the next boot",
        });
        yield return new("CAP_SYS_PTRACE", self.Has(Capability.SysPtrace), false, self.Has(Capability.SysPtrace)
            ? "tasks of every user may be pre-dumped"
            : $"missing: only dumpable tasks of user {self.Uid} itself may be pre-dumped");
        yield return new("CAP_DAC_OVERRIDE", self.Has(Capability.DacOverride), false, self.Has(Capability.DacOverride)
            ? "page tables of every user's tasks may be read"
            : "missing: tasks of other users, and tasks that are not dumpable, can't be pre-dumped");
        yield return new("CAP_SYS_ADMIN", self.Has(Capability.SysAdmin), false, self.Has(Capability.SysAdmin)
            ? "page frames are visible"
            : "missing: page frames are hidden; without PAGEMAP_SCAN zero pages are not recognized and are copied, too");
        yield return Priority(self.Has(Capability.SysNice));
        yield return Freezer("freezer v1", "freezer", "/freezer.state");
        yield return Freezer("freezer v2", "cgroup2", "/cgroup.freeze");
        yield return CriuFindings.InPath();
        yield return CriuFindings.Real();
    }

    private static IEnumerable<Finding> WhereSoftDirtyFails()
    {
        string instead = PageFrames.AreVisible
            ? "rounds look at page frames instead, and compare the pages whose frame has changed"
            : "page frames are hidden from this user (CAP_SYS_ADMIN), so each round compares every page that looks clean, unless "
                + "--trust-soft-dirty is given";
        yield return SoftDirtyProbe.LosesMovedPages()
            ? new("mremap", PageFrames.AreVisible, false,
                $"the kernel does not mark what mremap(2) moves by whole page tables: {instead}")
            : new("mremap", true, false, "the kernel marks what mremap(2) moves");
        yield return SoftDirtyProbe.LosesMergedMappings()
            ? new("merged mappings", PageFrames.AreVisible, false,
                $"a new mapping that the kernel joins with a clean one looks clean until it is written to: {instead}")
            : new("merged mappings", true, false, "the kernel marks new mappings, even those that it joins with a clean one");
    }

    // Tried, because a cgroup with a CPU quota and no share of real-time CPU refuses it to root, too.
    private static Finding Priority(bool isCapable)
    {
        bool works = KernelProbe.RaisePriority();
        return new("CAP_SYS_NICE", works, false, works ? "the freeze runs at real-time priority"
            : isCapable ? "real-time priority is refused, though not for lack of CAP_SYS_NICE (the cgroup has no share of "
                + "real-time CPU, cpu.rt_runtime_us, or a seccomp filter refuses it): freezing many threads takes longer"
            : "missing: freezing many threads takes longer");
    }

    private static string Has(bool it) => it ? "with" : "without";

    private static Finding Tried(string name, bool ok, string good, string bad) => new(name, ok, true, ok ? good : bad);

    private static Finding Freezer(string name, string kind, string file)
    {
        var mount = Mounts.OfFreezer(kind);
        return new Finding(name, mount is not null, false, mount is null
            ? "not mounted" : $"--freeze-cgroup {mount}/GROUP works for groups with {file[1..]}");
    }
}
