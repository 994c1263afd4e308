using System.Diagnostics;
using Xunit;

namespace PreDump.Tests.Support;

/// <summary>Waits for an expected event, regardless of the machine's speed; the time limit only ends a hang.</summary>
internal static class Eventually
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    public static async Task True(Func<bool> condition, string what)
    {
        for (var watch = Stopwatch.StartNew(); !condition(); await Task.Delay(1))
            Assert.True(watch.Elapsed < s_limit, $"waited in vain: {what}");
    }

    public static async Task<T> Within<T>(Task<T> task, string what)
    {
        Assert.True(await Task.WhenAny(task, Task.Delay(s_limit)) == task, $"waited in vain: {what}");
        return await task;
    }
}
