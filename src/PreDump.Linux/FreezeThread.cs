using System.Runtime.ExceptionServices;
using Tmds.Linux;
using static PreDump.Linux.Interop.LibCExtra;
using static Tmds.Linux.LibC;

namespace PreDump.Linux;

/// <summary>The OS thread of a freeze. ptrace(2) binds tracees to the thread that seized them, and the kernel detaches them all
/// when that thread ends. A freeze therefore gets a thread of its own: however it ends, no tracee stays stopped.</summary>
public static unsafe class FreezeThread
{
    // Held while a tree may be traced or frozen.
    private static readonly Lock s_freezing = new();

    /// <summary>Runs <paramref name="work"/> on a new thread, waits for it, and returns its result or rethrows its exception.
    /// Only one freeze runs at a time.</summary>
    public static T Run<T>(Func<T> work)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            // The .NET runtime reaps children on SIGCHLD and would consume our tracees' stops (dotnet/runtime#133736).
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

    /// <summary>Performs the default action of SIGTSTP (Ctrl-Z), for a handler that has caught it: stops this process until
    /// SIGCONT, unless its process group is orphaned. Waits until no tree is frozen, which would otherwise stay frozen as long.
    /// May be called from any thread but the freeze's.</summary>
    public static void StopOurselves()
    {
        lock (s_freezing)
        {
            var defaultAction = new sigaction(); // all zero is SIG_DFL
            sigaction before;
            _ = LibC.sigaction(SIGTSTP, &defaultAction, &before);
            _ = raise(SIGTSTP); // sent to this thread, so it returns only after the whole process has stopped and continued
            _ = LibC.sigaction(SIGTSTP, &before, null);
        }
    }

    /// <summary>Gives the calling thread real-time priority until it ends. Otherwise each released thread could run before the
    /// next one is released. Without CAP_SYS_NICE nothing changes and the freeze takes longer. See
    /// sched_setscheduler(2).</summary>
    /// <returns>Whether it got that priority.</returns>
    internal static bool RaisePriority()
    {
        int priority = 1;
        return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority) == 0;
    }

    /// <summary>Sleeps. Exact to a few microseconds on the freeze's thread, whose timer slack is minimal. See
    /// nanosleep(2).</summary>
    /// <param name="microseconds">Less than a second.</param>
    internal static void Pause(int microseconds)
    {
        long* time = stackalloc long[2] { 0, microseconds * 1000L };
        _ = nanosleep(time, null);
    }
}
