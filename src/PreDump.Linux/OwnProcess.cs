using System.Runtime.InteropServices;
using PreDump.Linux.Interop;
using static PreDump.Linux.Interop.LibCExtra;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>What predump sets for its own process before it does anything.</summary>
public static unsafe class OwnProcess
{
    private const int SIG_IGN = 1, SIGXFSZ = 25, RLIMIT_NOFILE = 7;

    // Those that end a process, but SIGKILL and those of the processor's, which are the runtime's (it ends by SIGABRT then).
    private static readonly int[] s_deadly = [1, 2, 3, 5, 6, 10, 12, 13, 14, 15, 16, 24, 26, 27, 29, 30, 31];

    /// <summary>Open descriptors that this process may have at once.</summary>
    public static ulong DescriptorLimit
    {
        get
        {
            ulong* limits = stackalloc ulong[2]; // struct rlimit: soft, hard
            return getrlimit(RLIMIT_NOFILE, limits) == 0 ? limits[0] : 1024;
        }
    }

    /// <summary>Sets it.</summary>
    public static void Prepare()
    {
        OpenStandardDescriptors();
        _ = LibCExtra.signal(SIGXFSZ, SIG_IGN); // a file above ulimit -f is then an error of write(2), which we clear up after
        RaiseDescriptorLimit();
    }

    /// <summary>From here on a signal ends us as exit(2) does, with its number as the exit code: to a caller that looks at the exit code alone
    /// a process that was killed has ended well. Against SIGKILL nothing helps, but out of memory the kernel is to kill another one.</summary>
    public static void EndByExitCode()
    {
        nint exit = NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "_exit"); // it may be called from a signal handler, and takes a number
        foreach (int signal in s_deadly)
            if (LibCExtra.signal(signal, exit) == SIG_IGN)
                _ = LibCExtra.signal(signal, SIG_IGN);
        using var score = Fd.TryOpen("/proc/self/oom_score_adj", O_WRONLY, out _);
        _ = score?.TryWriteOnce("-1000"u8); // for root alone
    }

    /// <summary>Lets go of standard input, output and error, as a daemon does.</summary>
    public static void LeaveStandardDescriptors()
    {
        using var nothing = Fd.Open("/dev/null", O_RDWR);
        for (int fd = 0; fd <= 2; fd++)
            if (dup2(nothing.Number, fd) < 0)
                throw nothing.Failed("dup2");
    }

    /// <summary>setpriority(2) for the calling thread, which is what Linux makes of it.</summary>
    public static void BeNice(int nice) => _ = Interop.LibCExtra.setpriority(0, 0, nice);

    // Started with standard output closed, the first file opened would be descriptor 1, and messages would go into an image.
    private static void OpenStandardDescriptors()
    {
        const int F_GETFD = 1;
        for (int fd = 0; fd <= 2; fd++)
            if (fcntl(fd, F_GETFD) == -1)
                _ = Fd.TryOpen("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY, out _); // gets the lowest free number: this one
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
