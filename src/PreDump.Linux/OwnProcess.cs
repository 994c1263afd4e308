using PreDump.Linux.Interop;
using static PreDump.Linux.Interop.LibCExtra;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Settings of predump's own process: descriptors, limits, signals and priority.</summary>
public static unsafe class OwnProcess
{
    private const int SIG_IGN = 1, SIGXFSZ = 25, RLIMIT_NOFILE = 7, RLIMIT_AS = 9;
    private const ulong AddressSpaceOfThreads = 32 * 1024 * 1024; // bytes: a few stacks, and a batch for each

    /// <summary>The number of descriptors that this process may have open. See getrlimit(2), RLIMIT_NOFILE.</summary>
    public static ulong DescriptorLimit
    {
        get
        {
            ulong* limits = stackalloc ulong[2]; // struct rlimit: soft, hard
            return getrlimit(RLIMIT_NOFILE, limits) == 0 ? limits[0] : 1024;
        }
    }

    /// <summary>Whether the limit of address space leaves no room for threads and buffers. See getrlimit(2), RLIMIT_AS, and
    /// proc_pid_statm(5).</summary>
    public static bool LacksAddressSpace
    {
        get
        {
            ulong* limits = stackalloc ulong[2];
            return getrlimit(RLIMIT_AS, limits) == 0 && limits[0] != ulong.MaxValue
                && ulong.TryParse(ProcFs.TryReadText("/proc/self/statm")?.Split(' ')[0], out ulong pages)
                && PageSize.BytesOf(pages) + AddressSpaceOfThreads > limits[0];
        }
    }

    /// <summary>Prepares the process at its start: opens missing standard descriptors, ignores SIGXFSZ, and raises the descriptor
    /// limit to its maximum. Call it first, before any file is opened.</summary>
    public static void Prepare()
    {
        OpenStandardDescriptors();
        _ = LibCExtra.signal(SIGXFSZ, SIG_IGN); // exceeding ulimit -f then fails write(2), which we clean up after
        RaiseDescriptorLimit();
    }

    /// <summary>Tells the kernel's OOM killer to choose another process, as far as this user may. See
    /// proc_pid_oom_score_adj(5).</summary>
    public static void AvoidOomKiller()
    {
        using var score = Fd.TryOpen("/proc/self/oom_score_adj", O_WRONLY, out _);
        _ = score?.TryWriteOnce("-1000"u8); // only root may
    }

    /// <summary>Sends this process SIGTERM once the thread that has started it has ended. See prctl(2),
    /// PR_SET_PDEATHSIG.</summary>
    public static void EndWithStarter()
    {
        const int SIGTERM = 15;
        _ = prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    }

    /// <summary>Ends the process at once: nothing is cleaned up, and no thread is waited for. See _exit(2).</summary>
    public static void ExitAtOnce(int exitCode) => LibCExtra._exit(exitCode);

    /// <summary>Redirects standard input, output and error to /dev/null, as a daemon does. See dup2(2).</summary>
    /// <exception cref="LinuxException">/dev/null can't be opened.</exception>
    public static void DetachStandardDescriptors()
    {
        using var nothing = Fd.Open("/dev/null", O_RDWR);
        for (int fd = 0; fd <= 2; fd++)
            if (dup2(nothing.Number, fd) < 0)
                throw nothing.Failed("dup2");
    }

    /// <summary>Sets the nice value of the calling thread; errors are ignored. See setpriority(2): on Linux it applies to one
    /// thread.</summary>
    public static void BeNice(int nice) => _ = LibCExtra.setpriority(0, 0, nice);

    // If predump is started with standard output closed, the first file opened becomes descriptor 1 and messages go into an
    // image.
    private static void OpenStandardDescriptors()
    {
        const int F_GETFD = 1;
        for (int fd = 0; fd <= 2; fd++)
            if (fcntl(fd, F_GETFD) == -1)
                _ = Fd.TryOpen("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY, out _); // gets the lowest free number, which is fd
    }

    private static void RaiseDescriptorLimit()
    {
        ulong* limits = stackalloc ulong[2];
        if (getrlimit(RLIMIT_NOFILE, limits) != 0 || limits[0] == limits[1])
            return;
        limits[0] = limits[1];
        _ = setrlimit(RLIMIT_NOFILE, limits);
    }
}
