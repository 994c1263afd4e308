namespace PreDump.Linux;

/// <summary>The capabilities that predump checks. See capabilities(7); the numbers are linux/capability.h's.</summary>
public enum Capability
{
    /// <summary>CAP_DAC_OVERRIDE: opens files of other users, such as /proc/PID/pagemap.</summary>
    DacOverride = 1,

    /// <summary>CAP_SYS_PTRACE: traces tasks of other users.</summary>
    SysPtrace = 19,

    /// <summary>CAP_SYS_ADMIN: sees page frame numbers in /proc/PID/pagemap.</summary>
    SysAdmin = 21,

    /// <summary>CAP_SYS_NICE: sets real-time priority and calls process_madvise(2).</summary>
    SysNice = 23,
}
