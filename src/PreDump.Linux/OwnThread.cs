using PreDump.Linux.Interop;

namespace PreDump.Linux;

/// <summary>The calling thread.</summary>
public static unsafe class OwnThread
{
    /// <summary>Nanoseconds of processor time that it has used. See clock_gettime(2), CLOCK_THREAD_CPUTIME_ID.</summary>
    public static long CpuNanoseconds
    {
        get
        {
            const int CLOCK_THREAD_CPUTIME_ID = 3;
            var used = stackalloc long[2];
            _ = LibCExtra.clock_gettime(CLOCK_THREAD_CPUTIME_ID, used);
            return (used[0] * 1_000_000_000) + used[1];
        }
    }
}
