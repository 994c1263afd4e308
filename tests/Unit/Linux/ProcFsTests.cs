using System.Diagnostics;
using PreDump.Linux;
using Xunit;

namespace PreDump.Tests.Unit.Linux;

/// <summary>What /proc says of real processes.</summary>
public sealed class ProcFsTests
{
    [Fact]
    public void The_only_thread_of_a_process_is_its_leader()
    {
        using var process = Process.Start("sleep", "100");
        try
        {
            Assert.Equal([process.Id], ProcFs.Threads(process.Id));
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
        Assert.Empty(ProcFs.Threads(process.Id));
    }

    [Fact]
    public void All_threads_of_a_process_are_found()
    {
        using var end = new ManualResetEventSlim();
        var threads = Enumerable.Range(0, 3).Select(_ => new Thread(end.Wait)).ToList();
        threads.ForEach(thread => thread.Start());
        var found = ProcFs.Threads(Environment.ProcessId);
        Assert.Contains(Environment.ProcessId, found);
        Assert.True(found.Count > threads.Count, $"{found.Count}");
        end.Set();
        threads.ForEach(thread => thread.Join());
    }
}
