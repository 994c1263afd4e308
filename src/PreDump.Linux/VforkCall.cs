using PreDump.Linux.Interop;

namespace PreDump.Linux;

/// <summary>Detects a vfork(2) parent, which sleeps uninterruptibly until its child calls exec or exits.</summary>
internal static class VforkCall
{
    /// <summary>Whether the thread is inside vfork, clone or clone3. See proc_pid_syscall(5).</summary>
    public static bool IsIn(int tid) => ProcFs.TryReadText(ProcFs.Path(tid, "syscall"))?.Split(' ')[0] is { } number
        && Syscall.IsForkLike(number);

    /// <summary>Whether two tasks share an address space. See kcmp(2); if the kernel lacks it, their maps are compared.</summary>
    public static bool ShareMemory(int tid, int other)
    {
        int result = Syscall.CompareMemory(tid, other);
        return result >= 0
            ? result == 0
            : Maps(tid) is { Length: > 0 } maps && maps == Maps(other);
    }

    private static string? Maps(int tid) => ProcFs.TryReadText(ProcFs.Path(tid, "maps"));
}
