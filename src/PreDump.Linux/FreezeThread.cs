using System.Runtime.ExceptionServices;
using Tmds.Linux;
using static PreDump.Linux.Interop.LibCExtra;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>The OS thread of a freeze. ptrace binds tracees to the thread that seized them, and the kernel lets them all go when
/// that thread ends: so a freeze has a thread of its own, and nothing can stay behind.</summary>
public static unsafe class FreezeThread
{
    // Held while a tree may be traced or frozen.
    private static readonly Lock s_freezing = new();

    /// <summary>Runs <paramref name="work"/> on such a thread and returns its result; its exception is thrown here.</summary>
    public static T Run<T>(Func<T> work)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            // The runtime's reaper of child processes would take ptrace's stops from us (dotnet/runtime#133736).
            var ignore = new sigaction();
            sigaction before;
            _ = LibC.sigaction(SIGCHLD, &ignore, &before); // all zero is SIG_DFL
            _ = prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
            try
            {
                lock (s_freezing)
                    result = work();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
            finally
            {
                _ = LibC.sigaction(SIGCHLD, &before, null);
            }
        })
        { Name = "freeze" };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    /// <summary>Does what SIGTSTP (Ctrl-Z) does by itself, for whoever catches it: stops this process until SIGCONT, unless its process group
    /// is orphaned, where nobody could let it go on. Not before the tree is let go, which would stand still as long.</summary>
    public static void StopOurselves()
    {
        lock (s_freezing)
        {
            var byItself = new sigaction(); // all zero is SIG_DFL
            sigaction before;
            _ = LibC.sigaction(SIGTSTP, &byItself, &before);
            _ = raise(SIGTSTP); // to this very thread: it does not return before all of them stop
            _ = LibC.sigaction(SIGTSTP, &before, null);
        }
    }

    /// <summary>Real-time priority until the thread ends: else each thread that we let go runs before we let the next one go.
    /// Without the right to it (CAP_SYS_NICE) the freeze is only slower.</summary>
    internal static void Hurry()
    {
        int priority = 1;
        _ = sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority);
    }

    /// <summary>Sleeps, to the microsecond on this thread.</summary>
    internal static void Pause(int microseconds)
    {
        long* time = stackalloc long[2] { 0, microseconds * 1000L };
        _ = nanosleep(time, null);
    }
}
