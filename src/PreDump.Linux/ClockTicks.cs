using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>The unit of time in /proc/PID/stat. See proc_pid_stat(5) and sysconf(3), _SC_CLK_TCK.</summary>
public static class ClockTicks
{
    private const int _SC_CLK_TCK = 2;

    /// <summary>Clock ticks per second: 100 on all common machines.</summary>
    public static readonly int PerSecond = (int)(long)sysconf(_SC_CLK_TCK);
}
