using PreDump.Linux.Interop;
using static PreDump.Linux.Interop.LibCExtra;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>What predump sets for its own process before it does anything.</summary>
public static unsafe class OwnProcess
{
    private const int SIG_IGN = 1, SIGXFSZ = 25, RLIMIT_NOFILE = 7;

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
