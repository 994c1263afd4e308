using PreDump.Linux.Interop;

namespace PreDump.Linux;

/// <summary>Tells a vfork(2) parent, which sleeps uninterruptibly until its child runs another program or exits.</summary>
internal static class VforkCall
{
    /// <summary>Whether the thread is inside vfork, clone or clone3 (/proc/TID/syscall).</summary>
    public static bool IsIn(int tid) => ProcFs.TryReadText(ProcFs.Path(tid, "syscall"))?.Split(' ')[0] is { } number
        && Syscall.IsForkLike(number);

    /// <summary>Whether two tasks have the same memory (kcmp(2)); where the kernel can't tell, by the text of their maps.</summary>
    public static bool ShareMemory(int tid, int other)
    {
        int result = Syscall.SameMemory(tid, other);
        return result >= 0
            ? result == 0
            : ProcFs.TryReadText(ProcFs.Path(tid, "maps")) is { Length: > 0 } maps && maps == ProcFs.TryReadText(ProcFs.Path(other, "maps"));
    }
}
