using System.Collections.Concurrent;
using System.Diagnostics;

namespace PreDump.Tests.Support;

/// <summary>
/// Starts processes from one thread that never ends. PR_SET_PDEATHSIG fires when the *thread* that forked ends, and
/// a pool thread may end: victims would die in the middle of a test.
/// </summary>
internal static class Launcher
{
    private static readonly BlockingCollection<Action> s_orders = Open();

    public static Task<Process> Start(ProcessStartInfo info)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        s_orders.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(info)!);
            }
            catch (Exception e)
            {
                started.SetException(e);
            }
        });
        return started.Task;
    }

    private static BlockingCollection<Action> Open()
    {
        var orders = new BlockingCollection<Action>();
        var thread = new Thread(() =>
        {
            foreach (var order in orders.GetConsumingEnumerable())
                order();
        })
        { IsBackground = true, Name = "launcher" };
        thread.Start();
        return orders;
    }
}
