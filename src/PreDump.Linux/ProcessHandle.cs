using PreDump.Linux.Interop;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>Refers to one process, even after it has ended and its pid was reused: a pidfd (pidfd_open(2)). If the kernel lacks
/// that call (before 5.3) or a seccomp filter refuses it, /proc/PID/comm takes its place: once the process is reaped, reading it
/// fails. Thread-safe.</summary>
internal sealed unsafe class ProcessHandle : IDisposable
{
    private const int MADV_PAGEOUT = 21;

    private readonly Fd _fd;
    private readonly bool _isPidFd;

    private ProcessHandle(Fd fd, bool isPidFd) => (_fd, _isPidFd) = (fd, isPidFd);

    /// <summary>Opens a handle; null if there is no such process.</summary>
    /// <exception cref="LinuxException">It can't be opened for another reason, EMFILE for example.</exception>
    public static ProcessHandle? TryOpen(int pid)
    {
        int pidFd = Syscall.PidFdOpen(pid);
        if (pidFd >= 0)
            return new ProcessHandle(Fd.Adopt(pidFd, $"pidfd {pid}"), isPidFd: true);
        if (errno == ESRCH)
            return null;
        var comm = ProcFs.OpenUnlessGone(ProcFs.Path(pid, "comm"), O_RDONLY);
        return comm is null ? null : new ProcessHandle(comm, isPidFd: false);
    }

    /// <summary>Whether the process has ended, after which its pid may be reused.</summary>
    public bool HasEnded
    {
        get
        {
            if (!_isPidFd)
            {
                byte first = 0;
                return _fd.TryReadAt(new Span<byte>(ref first), 0) < 0;
            }
            var poll = new pollfd { fd = _fd.Number, events = POLLIN };
            return LibC.poll(&poll, 1, 0) > 0;
        }
    }

    /// <summary>Sends pages of the process to swap; returns the number of bytes advised, -1 on failure (it needs CAP_SYS_NICE and
    /// a pidfd). See process_madvise(2), MADV_PAGEOUT.</summary>
    public long PageOut(MemoryRange range) =>
        _isPidFd ? Syscall.ProcessMadvise(_fd.Number, &range, 1, MADV_PAGEOUT) : -1;

    /// <summary>Whether it is a pidfd.</summary>
    public bool IsPidFd => _isPidFd;

    /// <inheritdoc/>
    public void Dispose() => _fd.Dispose();
}
