using System.Runtime.InteropServices;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace PreDump.Linux.Interop;

/// <summary>System calls that not every glibc has a function for, by number.</summary>
internal static unsafe class Syscall
{
    private const int KCMP_VM = 1;

    private static readonly bool s_x64 = RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>gettid(2).</summary>
    public static int GetTid() => (int)(long)syscall((syscall_arg)(s_x64 ? 186 : 178));

    /// <summary>pidfd_open(2); -1 where it fails.</summary>
    public static int PidFdOpen(int pid) => (int)(long)syscall((syscall_arg)434, (syscall_arg)pid, (syscall_arg)0);

    /// <summary>process_madvise(2) of ranges; -1 where it fails.</summary>
    public static long ProcessMadvise(int pidFd, MemoryRange* ranges, int count, int advice) =>
        (long)syscall((syscall_arg)440, (syscall_arg)pidFd, (syscall_arg)ranges, (syscall_arg)count, (syscall_arg)advice, (syscall_arg)0);

    /// <summary>kcmp(2) of two tasks' memory: 0 the same, above 0 different, -1 can't tell.</summary>
    public static int SameMemory(int pid, int other) =>
        (int)(long)syscall((syscall_arg)(s_x64 ? 312 : 272), (syscall_arg)pid, (syscall_arg)other, (syscall_arg)KCMP_VM, (syscall_arg)0, (syscall_arg)0);

    /// <summary>Whether a number, as /proc/TID/syscall shows it, is clone, vfork or clone3.</summary>
    public static bool IsForkLike(string number) => s_x64 ? number is "56" or "58" or "435" : number is "220" or "435";
}
