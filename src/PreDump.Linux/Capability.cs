namespace PreDump.Linux;

/// <summary>Capabilities that matter here, by their numbers (capabilities(7), linux/capability.h).</summary>
public enum Capability
{
    /// <summary>CAP_DAC_OVERRIDE: files of other users, such as /proc/PID/pagemap.</summary>
    DacOverride = 1,

    /// <summary>CAP_SYS_PTRACE: tasks of other users.</summary>
    SysPtrace = 19,

    /// <summary>CAP_SYS_ADMIN: page frames.</summary>
    SysAdmin = 21,

    /// <summary>CAP_SYS_NICE: real-time priority.</summary>
    SysNice = 23,
}
