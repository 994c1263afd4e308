using System.Runtime.InteropServices;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux.Interop;

/// <summary>System calls that not every glibc wraps, made by number. See syscall(2).</summary>
internal static unsafe class Syscall
{
    private const int KCMP_VM = 1, F_OK = 0;

    private static readonly bool s_x64 = RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>The calling thread's tid. See gettid(2).</summary>
    public static int GetTid() => (int)(long)syscall((syscall_arg)(s_x64 ? 186 : 178));

    /// <summary>A new descriptor that refers to a process; -1 on failure (errno). See pidfd_open(2).</summary>
    public static int PidFdOpen(int pid) => (int)(long)syscall((syscall_arg)434, (syscall_arg)pid, (syscall_arg)0);

    /// <summary>Whether a path exists, symbolic links followed: 0, or -1 (errno). See faccessat(2), F_OK. glibc calls faccessat2,
    /// and takes a seccomp filter's refusal of that for the answer.</summary>
    public static int FAccessAt(int directory, byte* path) =>
        (int)(long)syscall((syscall_arg)(s_x64 ? 269 : 48), (syscall_arg)directory, (syscall_arg)path, (syscall_arg)F_OK);

    /// <summary>Exchanges two names: 0, or -1 (errno). See renameat2(2), RENAME_EXCHANGE.</summary>
    public static int Exchange(int directory, byte* name, byte* other)
    {
        const int RENAME_EXCHANGE = 2;
        return (int)(long)syscall((syscall_arg)(s_x64 ? 316 : 276), (syscall_arg)directory, (syscall_arg)name,
            (syscall_arg)directory, (syscall_arg)other, (syscall_arg)RENAME_EXCHANGE);
    }

    /// <summary>Advises the kernel on ranges of another process's memory; returns the bytes advised, -1 on failure (errno). See
    /// process_madvise(2).</summary>
    public static long ProcessMadvise(int pidFd, MemoryRange* ranges, int count, int advice) => (long)syscall(
        (syscall_arg)440, (syscall_arg)pidFd, (syscall_arg)ranges, (syscall_arg)count, (syscall_arg)advice, (syscall_arg)0);

    /// <summary>Compares two tasks' address spaces: 0 if they are the same, above 0 if not, -1 on failure (errno). See kcmp(2),
    /// KCMP_VM.</summary>
    public static int CompareMemory(int pid, int other)
    {
        var kcmp = (syscall_arg)(s_x64 ? 312 : 272);
        return (int)(long)syscall(
            kcmp, (syscall_arg)pid, (syscall_arg)other, (syscall_arg)KCMP_VM, (syscall_arg)0, (syscall_arg)0);
    }

    /// <summary>Whether a system call's number, as shown in /proc/TID/syscall, is that of clone, vfork or clone3.</summary>
    public static bool IsForkLike(string number) => s_x64 ? number is "56" or "58" or "435" : number is "220" or "435";
}
