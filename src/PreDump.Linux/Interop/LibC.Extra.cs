using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace PreDump.Linux.Interop;

/// <summary>glibc functions that Tmds.LibC lacks, in its style: with the names and parameters of their man pages, and
/// <c>LibC.errno</c> for errors.</summary>
internal static unsafe partial class LibCExtra
{
    public const int PTRACE_DETACH = 17;
    public const int PTRACE_GETEVENTMSG = 0x4201;
    public const int PTRACE_SEIZE = 0x4206;
    public const int PTRACE_INTERRUPT = 0x4207;

    public const int PTRACE_EVENT_FORK = 1;
    public const int PTRACE_EVENT_VFORK = 2;
    public const int PTRACE_EVENT_CLONE = 3;
    public const int PTRACE_EVENT_EXEC = 4;
    public const int PTRACE_EVENT_STOP = 128;

    public const int PTRACE_O_TRACEFORK = 1 << PTRACE_EVENT_FORK;
    public const int PTRACE_O_TRACEVFORK = 1 << PTRACE_EVENT_VFORK;
    public const int PTRACE_O_TRACECLONE = 1 << PTRACE_EVENT_CLONE;
    public const int PTRACE_O_TRACEEXEC = 1 << PTRACE_EVENT_EXEC;

    public const int WNOHANG = 1;
    public const int WNOTHREAD = 0x20000000;
    public const int WALL = 0x40000000;

    public const int PR_SET_PDEATHSIG = 1;
    public const int PR_SET_TIMERSLACK = 29;

    /// <summary>See process_vm_readv(2); <see cref="MemoryRange"/> has the layout of <c>struct iovec</c>.</summary>
    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial nint process_vm_readv(
        int pid, MemoryRange* local, nuint locals, MemoryRange* remote, nuint remotes, nuint flags);

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial nint ptrace(nint request, int pid, nint addr, nint data);

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial int waitpid(int pid, int* status, int options);

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial int sched_setscheduler(int pid, int policy, int* priority);

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial int setpriority(int which, uint who, int nice);

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial int prctl(int option, nuint arg2, nuint arg3, nuint arg4, nuint arg5);

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial int clock_gettime(int clock, long* secondsAndNanoseconds);

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial int nanosleep(long* secondsAndNanoseconds, long* remaining);

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial nint getdents64(int fd, void* entries, nuint length);

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial int renameat(int oldDirectory, byte* oldPath, int newDirectory, byte* newPath);

    public const int AT_FDCWD = -100;
    public const int AT_REMOVEDIR = 0x200;

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial int mkdirat(int directory, byte* path, uint mode);

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial int linkat(int oldDirectory, byte* oldPath, int newDirectory, byte* newPath, int flags);

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial int fstatfs(int fd, void* status);

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial int syncfs(int fd);

    public const int SEEK_DATA = 3;
    public const int SEEK_HOLE = 4;

    /// <summary>See copy_file_range(2); a null offset means the file's own position.</summary>
    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial nint copy_file_range(int from, long* fromOffset, int to, long* toOffset, nuint length, uint flags);

    public const int LOCK_EX = 2;
    public const int LOCK_NB = 4;

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial int flock(int fd, int operation);

    /// <summary>See getrlimit(2); <c>struct rlimit</c> is the soft and the hard limit, 64 bits each.</summary>
    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial int getrlimit(int resource, ulong* limits);

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial int setrlimit(int resource, ulong* limits);

    [LibraryImport("libc.so.6")]
    public static partial void _exit(int status);

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial int unsetenv(byte* name);

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial nint signal(int signal, nint handler);

    /// <summary>glibc's <c>sigset_t</c>: bit N-1 stands for signal N. See sigsetops(3).</summary>
    public struct SignalSet
    {
        public fixed ulong Mask[16];

        /// <summary>The set of these signals; 0 is none.</summary>
        public static SignalSet Of(params ReadOnlySpan<int> signals)
        {
            var set = new SignalSet();
            foreach (int signal in signals)
                if (signal > 0)
                    set.Mask[(signal - 1) / 64] |= 1UL << ((signal - 1) % 64);
            return set;
        }
    }

    [LibraryImport("libc.so.6", SetLastError = true)]
    public static partial int signalfd(int fd, SignalSet* mask, int flags);

    [LibraryImport("libc.so.6")]
    public static partial int posix_spawn(int* pid, byte* path, void* fileActions, void* attributes, byte** argv, byte** envp);

    [LibraryImport("libc.so.6")]
    public static partial int posix_spawn_file_actions_init(void* fileActions);

    [LibraryImport("libc.so.6")]
    public static partial int posix_spawn_file_actions_adddup2(void* fileActions, int fd, int newFd);

    [LibraryImport("libc.so.6")]
    public static partial int posix_spawn_file_actions_destroy(void* fileActions);

    [LibraryImport("libc.so.6")]
    public static partial int posix_spawnattr_init(void* attributes);

    [LibraryImport("libc.so.6")]
    public static partial int posix_spawnattr_setflags(void* attributes, short flags);

    [LibraryImport("libc.so.6")]
    public static partial int posix_spawnattr_destroy(void* attributes);

    [LibraryImport("libc.so.6")]
    public static partial int posix_spawnattr_setsigmask(void* attributes, SignalSet* mask);

    [LibraryImport("libc.so.6")]
    public static partial int posix_spawnattr_setsigdefault(void* attributes, SignalSet* mask);
}
